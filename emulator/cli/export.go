package cli

import (
	"bytes"
	"os"

	"github.com/urfave/cli/v2"

	"testbed/emulator/catalogue"
	"testbed/emulator/internal/outdir"
	"testbed/emulator/topology/network"
)

func exportCommand(s *State) *cli.Command {
	var formats []string
	for _, f := range network.Formats.All(s.catalogue()) {
		if f.Does.Write != nil {
			formats = append(formats, f.Name)
		}
	}
	return &cli.Command{Name: "export", Usage: "write a topology for other tools (no root)", ArgsUsage: "SCENARIO|RUN",
		Flags: []cli.Flag{
			&choiceFlag{&cli.StringFlag{Name: "format", Value: defaultName(s, catalogue.Networks),
				Usage: "`FORMAT` of the file: " + either(formats)}, formats},
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "`FILE` to write (default: standard output)"},
		},
		Action: func(c *cli.Context) error {
			can := func(f network.Format) bool { return f.Write != nil }
			format, err := writable(s, network.Formats, c.String("format"), can)
			if err != nil {
				return err
			}
			path, err := argument(c, "a scenario file or a run's directory")
			if err != nil {
				return err
			}
			n, err := exported(s, path, format.Routes)
			if err != nil {
				return err
			}
			for _, note := range n.Notes {
				_ = printf(s.Stderr, "note: %s\n", note)
			}
			var text bytes.Buffer
			if err := format.Write(&text, n); err != nil {
				return usage(err)
			}
			if c.String("output") == "" {
				_, err := s.exactOut().Write(text.Bytes())
				return err
			}
			return outdir.WriteFile(c.String("output"), text.Bytes())
		}}
}

// exported is the network of a scenario, with the images that its hosts run and, where the format has them, their
// addresses and routes, or that of a run. Notes say what of it is not written.
func exported(s *State, path string, routes bool) (*network.Network, error) {
	t, err := topologyAt(s, path)
	if err != nil {
		return nil, err
	}
	n, err := network.Of(t)
	if err != nil {
		return nil, usage(err)
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		n.Without("images, addresses and routes", []string{"hosts: they are in a run's scenario"})
		return n, nil
	}
	sc, err := load(s, path)
	if err != nil {
		return nil, err
	}
	routing := sc.Routing()
	var routed []string
	for i := range n.Nodes {
		m := &n.Nodes[i]
		if id, ok := t.Lookup(m.Name); ok {
			m.Image, _ = sc.ImageOf(&t.Vertices[id])
		}
		of := routing[m.Name]
		if !routes && (len(of.Addresses)+len(of.Routes) > 0 || of.Forwards) {
			routed = append(routed, m.Name)
			continue
		}
		m.Addresses, m.Forwards = of.Addresses, of.Forwards
		for _, r := range of.Routes {
			m.Routes = append(m.Routes, network.RouteTo{To: r.To, Via: r.Via})
		}
	}
	n.Without("addresses and routes", routed)
	return n, nil
}
