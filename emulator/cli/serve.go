package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/urfave/cli/v2"

	"testbed/emulator"
	"testbed/emulator/live"
	"testbed/emulator/observe"
	"testbed/emulator/record"
	"testbed/emulator/report/graph"
	"testbed/emulator/serve"
	"testbed/emulator/topology"
)

func serveCommand(s *State) *cli.Command {
	return &cli.Command{Name: "serve", Usage: "show a testbed, and the run on it, as a web page: topology, live link use, chains, latency",
		Flags: []cli.Flag{nameFlag(),
			&cli.StringFlag{Name: "listen", Value: "127.0.0.1:8800", Usage: "`ADDRESS` to listen at; the page only shows, but shows it to whoever reaches the address"},
			&cli.StringSliceFlag{Name: "host", Usage: "`NAME` by which browsers address this host, besides localhost and addresses (may be repeated)"},
		},
		Action: func(c *cli.Context) error {
			if err := errors.Join(none(c), needRoot(s)); err != nil {
				return err
			}
			bed, e, err := openExperiment(c, s)
			if err != nil {
				return err
			}
			listener, err := net.Listen("tcp", c.String("listen"))
			if err != nil {
				return fmt.Errorf("listening at %s: %w; choose another with --listen", c.String("listen"), err)
			}
			// The run's own sampler is in another process; this one serves the page only and records nothing.
			sampler := observe.Start(observe.Config{Fabric: bed.Fabric, Topology: e.Topology, Sink: nowhere{}, Interval: time.Second})
			defer sampler.Stop()
			_ = printf(s.Stdout, "Testbed %s at http://%s/ (Ctrl-C ends it)\n", bed.Journal.Testbed, listener.Addr())
			err = serve.Serve(c.Context, listener, page(bed, sampler, e.Topology, c.StringSlice("host")))
			return errors.Join(err, c.Context.Err())
		}}
}

func page(bed *emulator.Bed, sampler *observe.Sampler, t *topology.Topology, hosts []string) serve.Config {
	from := users(t)
	return serve.Config{
		Status: func() (*live.Status, error) { return live.Read(bed.LiveFile()) },
		Links: func(context.Context) ([]live.Link, error) {
			snapshot := sampler.Latest()
			return linksOf(snapshot, from, len(snapshot.Links)), snapshot.Err
		},
		Topology: []byte(graph.Of(t).Inline(nil)), Hosts: hosts,
	}
}

// nowhere takes samples that are only looked at.
type nowhere struct{}

// Observe takes them.
func (nowhere) Observe([]record.Link, *record.Host) error { return nil }
