package faas

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"
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

	// Memory is the bytes that states and messages under way may take up together, which leaves out what else the
	// agent needs, some 20 MB; at least 1 MiB. 0: 2 GiB, or half of what the system has where that is less.
	Memory int64 `json:"memory,omitempty"`
	// Stall is how long a transfer may stand still before it is given up; 0: DefaultStall. A link that is down for
	// longer, as by a scenario's event, ends what is under way.
	Stall time.Duration `json:"stall,omitempty"`

	// Redis is the Redis server that the node runs, as a repository; nil: none.
	Redis *RedisConfig `json:"redis,omitempty"`
	// PasswordFile has the password of the testbed's Redis servers; empty: they have none.
	PasswordFile string `json:"password_file,omitempty"`
}

// minMemory is the least that an agent accepts as Config.Memory, in bytes.
const minMemory = 1 << 20

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
	if c.Memory != 0 && c.Memory < minMemory {
		errs = append(errs, fmt.Errorf("memory %d bytes: want at least %d, or 0", c.Memory, minMemory))
	}
	if c.Stall < 0 {
		errs = append(errs, fmt.Errorf("stall %v: it must not be negative", c.Stall))
	}
	if !(c.Speed > 0) {
		errs = append(errs, fmt.Errorf("speed %v: it must be above 0 operations/s", c.Speed))
	}
	if len(c.Control) > 107 {
		errs = append(errs, fmt.Errorf("control socket %s: the path has %d bytes, a unix socket's at most 107",
			c.Control, len(c.Control)))
	}
	if c.Redis != nil {
		errs = append(errs, c.Redis.validate())
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

// memory is what states and messages may take up, in bytes.
func (c *Config) memory() int64 {
	if c.Memory > 0 {
		return c.Memory
	}
	if system := systemMemory(); system > 0 {
		return max(minMemory, min(defaultMemory, system/2))
	}
	return defaultMemory
}

func (c *Config) stall() time.Duration {
	if c.Stall > 0 {
		return c.Stall
	}
	return DefaultStall
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
	flags.Int64Var(&c.Memory, "memory", 0, "bytes for states and messages together (0: chosen)")
	flags.DurationVar(&c.Stall, "stall", 0, "time after which a transfer that stands still is given up (0: a minute)")
	if err := flags.Parse(args); err != nil {
		return c, err
	}
	if flags.NArg() > 0 {
		return c, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	return c, c.validate()
}
