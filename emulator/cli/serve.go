package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"time"

	"github.com/urfave/cli/v2"

	"testbed/emulator"
	"testbed/emulator/live"
	"testbed/emulator/live/sampler"
	"testbed/emulator/live/web"
	"testbed/emulator/record"
	"testbed/emulator/report/graph"
)

func serveCommand(s *State) *cli.Command {
	return &cli.Command{
		Name:  "serve",
		Usage: "show a testbed, and the run on it, as a web page: topology, live link use, chains, latency",
		Flags: []cli.Flag{nameFlag(),
			&cli.StringFlag{
				Name:  "listen",
				Value: "127.0.0.1:8800",
				Usage: "`ADDRESS` to listen at; the page only shows, but shows it to whoever reaches the address",
			},
			&cli.StringSliceFlag{
				Name:  "host",
				Usage: "`NAME` by which browsers address this host, besides localhost and addresses (may be repeated)",
			},
		},
		Action: func(c *cli.Context) error {
			if err := errors.Join(none(c), needRoot(s)); err != nil {
				return err
			}
			host := s.host()
			bed, err := host.Open(c.Context, c.String("name"))
			if err != nil {
				return err
			}
			watcher, err := host.NewWatcher(c.Context, bed.Journal.Testbed)
			if err != nil {
				return err
			}
			network, err := bed.Network()
			if err != nil {
				return err
			}
			listener, err := net.Listen("tcp", c.String("listen"))
			if err != nil {
				return fmt.Errorf("listening at %s: %w; choose another with --listen", c.String("listen"), err)
			}
			// The run's own sampler is in another process; this one serves the page only and records nothing.
			sampling := sampler.Start(sampler.Config{
				Fabric:   bed.Fabric,
				Topology: network.Topology,
				Sink:     nowhere{},
				Interval: time.Second,
			})
			defer sampling.Stop()
			address := listener.Addr()
			err = printf(s.Stdout, "Testbed %s at http://%s/ (Ctrl-C ends it)\n", bed.Journal.Testbed, address)
			if err != nil {
				return errors.Join(err, listener.Close())
			}
			go watcher.Follow(c.Context)
			return web.Serve(c.Context, listener, page(watcher, sampling, c.StringSlice("host")))
		}}
}

// page shows what a watcher sees, and the use of links as a sampler has it.
func page(watcher *emulator.Watcher, sampling *sampler.Sampler, hosts []string) web.Config {
	return web.Config{
		Status: func() (*live.Status, error) {
			view, err := watcher.Look(context.Background())
			if err == nil && view.Run == nil {
				err = fs.ErrNotExist
			}
			return view.Run, err
		},
		Links: func(ctx context.Context) ([]live.Link, error) {
			view, err := watcher.Look(ctx)
			if err != nil || view.Gone != "" {
				return []live.Link{}, err
			}
			snapshot := sampling.Latest()
			return live.UsersOf(view.Network.Topology).Links(snapshot, len(snapshot.Links)), snapshot.Err
		},
		Testbed: func(ctx context.Context) (*web.Testbed, error) {
			view, err := watcher.Look(ctx)
			t := &web.Testbed{Name: view.Name, Up: view.Gone == "", Message: view.Gone, Drawing: view.Drawing,
				Down: []string{}, Problems: []string{}}
			if t.Up {
				t.Problems = append(t.Problems, view.Problems...)
				for _, id := range view.Network.Down {
					t.Down = append(t.Down, view.Network.Topology.Vertices[id].Name)
				}
			}
			return t, err
		},
		Topology: func(ctx context.Context) ([]byte, error) {
			view, err := watcher.Look(ctx)
			if err != nil {
				return nil, err
			}
			return []byte(graph.Of(view.Network.Topology).Inline(nil)), nil
		},
		Hosts: hosts,
	}
}

// nowhere takes samples that are only looked at.
type nowhere struct{}

// Observe takes them.
func (nowhere) Observe([]record.Link, *record.Host) error { return nil }
