package cli

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"testbed/emulator"
	"testbed/emulator/capture"
	"testbed/emulator/internal/printable"
	"testbed/emulator/units"
)

const captureDescription = `NODE and LINK are names, patterns such as 'wifi*', or class:NAME; without any, all nodes.
A node's packets have the times at which its eth0 saw them, a link's those at which
they had left its queue; on the fabric netem the link's delay is in them, too.
Captures end with Ctrl-C or --for, and the file is there then:

  testbed capture -o all.pcapng --for 10s
  testbed capture a-sw --filter 'tcp port 80 and not host cloud' -o - | wireshark -k -i -

Filters are a part of tcpdump's: ip, ip6, arp, tcp, udp, icmp, icmp6, broadcast,
multicast, host ADDRESS|NODE, net A/N, port N, portrange N-M, proto N, less N,
greater N, with src or dst before host, net and port; and, or, not, ( ).`

func captureCommand(s *State) *cli.Command {
	return &cli.Command{Name: "capture", Usage: "write packets at nodes and in links as pcapng, for Wireshark",
		ArgsUsage: "[NODE|LINK...]", Description: captureDescription, Flags: []cli.Flag{nameFlag(),
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "`FILE` to write; - is standard output"},
			&cli.StringFlag{Name: "filter", Usage: "`EXPRESSION` that packets have to satisfy"},
			&cli.StringFlag{Name: "ring", Usage: "write files of SIZE and keep the newest N: `N,SIZE`, such as 5,100MB"},
			&cli.DurationFlag{Name: "for", Usage: "end `DURATION` after all is open (default: with Ctrl-C)"},
			&cli.IntFlag{Name: "snaplen", Usage: "keep `BYTES` of each packet (default: all)"},
		},
		Action: func(c *cli.Context) error { return captureAction(c, s) }}
}

func captureAction(c *cli.Context, s *State) error {
	o := emulator.CaptureOptions{Expression: c.String("filter")}
	o.Path, o.Snap = c.String("output"), c.Int("snaplen")
	var err error
	if o.Ring, err = parseRing(c.String("ring")); err != nil {
		return usage(err)
	}
	switch {
	case o.Path == "":
		return usagef("capture: write where to: -o FILE.pcapng, or -o - for a pipe")
	case o.Path == "-" && o.Ring.Files > 0:
		return usagef("capture: a ring is of files, and -o - is none")
	case o.Path == "-":
		o.Stream = s.exactOut()
	}
	if o.Snap < 0 || c.Duration("for") < 0 {
		return usagef("capture: --snaplen and --for are not negative")
	}
	if err := needRoot(s); err != nil {
		return err
	}
	bed, err := opened(c, s)
	if err != nil {
		return err
	}
	o.For = c.Duration("for")
	o.Ready = func() { _ = printf(s.Stderr, "capturing (Ctrl-C ends it)\n") }
	result, err := bed.Capture(c.Context, s.origin(), c.Args().Slice(), o)
	if result != nil {
		err = errors.Join(err, printCaptured(s, result))
	}
	return err
}

// parseRing reads N,SIZE.
func parseRing(text string) (capture.Ring, error) {
	if text == "" {
		return capture.Ring{}, nil
	}
	count, size, ok := strings.Cut(text, ",")
	n, err := strconv.Atoi(count)
	if !ok || err != nil {
		return capture.Ring{}, fmt.Errorf("--ring %q: write N,SIZE, such as 5,100MB", text)
	}
	bytes, err := units.ParseByteSize(size)
	if err != nil {
		return capture.Ring{}, fmt.Errorf("--ring %q: %w", text, err)
	}
	r := capture.Ring{Files: n, Size: bytes}
	if n == 0 {
		return r, fmt.Errorf("--ring %q: a ring has at least one file", text)
	}
	return r, r.Check()
}

// printCaptured says on standard error what there is, and what is missing.
func printCaptured(s *State, r *capture.Result) error {
	var written, lost uint64
	for i, n := range r.Counts {
		written, lost = written+n.Written, lost+n.Lost
		if n.Lost > 0 {
			err := printf(s.Stderr, "%s: lost for want of room: %d of %s\n", r.Interfaces[i].Name, n.Lost,
				printable.Count(n.Lost+n.Written, "packet"))
			if err != nil {
				return err
			}
		}
	}
	where := ""
	if len(r.Files) > 0 {
		where = " in " + strings.Join(r.Files, ", ")
	}
	return printf(s.Stderr, "%s of %s%s, %d lost\n", printable.Count(written, "packet"),
		printable.Count(len(r.Interfaces), "interface"), where, lost)
}
