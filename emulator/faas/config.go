package faas

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
)

// The ways in which a worker computes.
const (
	Allotted = "allotted" // operations · load / speed, asleep: the study's model
	Shared   = "shared"   // operations / speed, the node's speed being shared by all that runs on it
	Burn     = "burn"     // operations / speed of CPU time, used up
)

// DefaultListen is the port that agents serve functions at.
const DefaultListen = ":8080"

// Config is an agent's configuration.
type Config struct {
	Node    string  `json:"node"`    // name, for messages
	Listen  string  `json:"listen"`  // TCP address inside the node's network; empty: DefaultListen
	Control string  `json:"control"` // path of the unix socket, at most 107 bytes; empty: no control socket
	Speed   float64 `json:"speed"`   // operations/s, above 0
	Compute string  `json:"compute"` // Allotted, Shared or Burn; empty: Allotted
}

// Args are the arguments, after the command's name, that make Main run with this configuration.
func (c Config) Args() []string {
	text, _ := json.Marshal(c) // strings and a number: it cannot fail, but for NaN, which Main then refuses
	return []string{string(text)}
}

func (c *Config) validate() error {
	if c.Listen == "" {
		c.Listen = DefaultListen
	}
	if c.Compute == "" {
		c.Compute = Allotted
	}
	var errs []error
	if !(c.Speed > 0) {
		errs = append(errs, fmt.Errorf("speed %v: it must be above 0 operations/s", c.Speed))
	}
	if len(c.Control) > 107 {
		errs = append(errs, fmt.Errorf("control socket %s: the path has %d bytes, a unix socket's at most 107", c.Control, len(c.Control)))
	}
	switch c.Compute {
	case Allotted, Shared:
	case Burn:
		if !canBurn {
			errs = append(errs, fmt.Errorf("compute %s: %w: it needs Linux", c.Compute, ErrNotSupported))
		}
	default:
		errs = append(errs, fmt.Errorf("compute %q: write %s, %s or %s", c.Compute, Allotted, Shared, Burn))
	}
	return errors.Join(errs...)
}

// parseArgs reads a configuration from one JSON argument or from flags.
func parseArgs(args []string) (Config, error) {
	var c Config
	if len(args) == 1 && strings.HasPrefix(args[0], "{") {
		d := json.NewDecoder(strings.NewReader(args[0]))
		d.DisallowUnknownFields()
		if err := d.Decode(&c); err != nil {
			return c, fmt.Errorf("configuration: %w", err)
		}
		return c, c.validate()
	}
	flags := flag.NewFlagSet(AgentCommand, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&c.Node, "node", "", "name of the node")
	flags.StringVar(&c.Listen, "listen", DefaultListen, "TCP address to serve functions at")
	flags.StringVar(&c.Control, "control", "", "unix socket to be controlled by")
	flags.Float64Var(&c.Speed, "speed", 0, "speed in operations/s")
	flags.StringVar(&c.Compute, "compute", Allotted, "allotted, shared or burn")
	if err := flags.Parse(args); err != nil {
		return c, err
	}
	if flags.NArg() > 0 {
		return c, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	return c, c.validate()
}
