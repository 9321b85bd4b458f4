package scenario_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"testbed/emulator/scenario"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

func TestParseAndMergeProperties(t *testing.T) {
	was := [2]topology.Shape{
		{Rate: units.Mbps, Delay: time.Second, Jitter: time.Millisecond, Loss: 0.5, Queue: 9000},
		{Rate: 2 * units.Mbps, Corrupt: 0.25},
	}
	change := func(alter func(s *[2]topology.Shape)) [2]topology.Shape {
		s := was
		alter(&s)
		return s
	}
	for _, c := range []struct {
		args string
		kind topology.LinkType
		want [2]topology.Shape
	}{
		{"rate=10Mbps delay=5ms loss=1%", topology.Duplex, change(func(s *[2]topology.Shape) {
			for i := range s {
				s[i].Rate, s[i].Delay, s[i].Loss = 10*units.Mbps, 5*time.Millisecond, 0.01
			}
		})},
		{"rate.up=3Mbps rate=4Mbps", topology.Duplex,
			change(func(s *[2]topology.Shape) { s[0].Rate, s[1].Rate = 3*units.Mbps, 4*units.Mbps })},
		{"queue.down=64KiB", topology.Duplex, change(func(s *[2]topology.Shape) { s[1].Queue = 64 * units.KiB })},
		{"reorder=1% duplicate.up=0.02 corrupt=0", topology.Duplex, change(func(s *[2]topology.Shape) {
			s[0].Reorder, s[1].Reorder, s[0].Duplicate, s[1].Corrupt = 0.01, 0.01, 0.02, 0
		})},
		{"rtt=6ms jitter.down=1ms", topology.Duplex, change(func(s *[2]topology.Shape) {
			s[0].Delay, s[1].Delay, s[1].Jitter = 3*time.Millisecond, 3*time.Millisecond, time.Millisecond
		})},
		{"mtu=1400", topology.Duplex, change(func(s *[2]topology.Shape) { s[0].MTU, s[1].MTU = 1400, 1400 })},
		{"rtt=6ms rate=7Mbps", topology.Shared,
			change(func(s *[2]topology.Shape) { s[0].Delay, s[0].Rate = 3*time.Millisecond, 7*units.Mbps })},
		{"rate.up=7Mbps", topology.Uplink, change(func(s *[2]topology.Shape) { s[0].Rate = 7 * units.Mbps })},
		{"rate.down=7Mbps", topology.Downlink, change(func(s *[2]topology.Shape) { s[0].Rate = 7 * units.Mbps })},
	} {
		p, err := scenario.ParseProperties(strings.Fields(c.args))
		if err != nil {
			t.Errorf("%s: %v", c.args, err)
			continue
		}
		got := was
		if err := p.Merge(&got, c.kind); err != nil {
			t.Errorf("%s: %v", c.args, err)
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.args, d)
		}
		again, err := scenario.ParseProperties(p.Args())
		if d := cmp.Diff(p, again); err != nil || d != "" {
			t.Errorf("%s is printed as %v: %v\n%s", c.args, p.Args(), err, d)
		}
	}
}

func TestBadArguments(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"", "nothing to set: write KEY=VALUE, where KEY is one of rate, delay"},
		{"rate", "rate: write KEY=VALUE"},
		{"rate=", "rate=: write KEY=VALUE"},
		{"raet=1Mbps", `raet=1Mbps: unknown key "raet"; did you mean "rate"?; ` +
			`the keys are rate, delay, jitter, loss, reorder, duplicate, corrupt, queue`},
		{"rate=10", "rate=10: 10 has no unit; write a rate such as 50Mbps; the keys are"},
		{"rate=10MBps", "bytes per second are not accepted"},
		{"loss=200%", "loss=200%: 200% is too large"},
		{"rate.left=1Mbps", `rate.left=1Mbps: there is no direction "left"; write rate.up or rate.down`},
		{"rtt.up=1ms", "rtt is both directions together"},
		{"mtu.up=1400", "mtu is that of both directions"}, {"mtu=9000", "mtu=9000: "}, {"mtu=576", "mtu=576: "},
		{"rate=1Mbps rate=2Mbps", "rate=2Mbps: rate is given twice"},
		{"rtt=1ms delay.up=1ms", "keep one of delay, rtt"},
		{"queue=5B", "too small"}, {"delay=null", "there is no value"}, {"loss=.nan", "loss=.nan: "}, {"rate={a: 1}", "rate"},
	} {
		_, err := scenario.ParseProperties(strings.Fields(c.args))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: got %v, want %s", c.args, err, c.want)
		}
	}
	for _, c := range []struct {
		args string
		kind topology.LinkType
	}{{"rate.up=1Mbps", topology.Shared}, {"loss.down=1%", topology.Uplink}, {"delay.up=1ms", topology.Downlink},
		{"rtt=1ms", topology.Uplink}, {"queue=1MiB queue.up=2MiB", topology.Shared}} {
		p, err := scenario.ParseProperties(strings.Fields(c.args))
		if err != nil {
			t.Fatal(err)
		}
		var shape [2]topology.Shape
		if err := p.Merge(&shape, c.kind); err == nil || shape != [2]topology.Shape{} {
			t.Errorf("%s on a link of type %s: %v, and the shape is %+v", c.args, c.kind, err, shape)
		}
	}
}

func FuzzParseProperties(f *testing.F) {
	f.Add("rate=10Mbps delay.up=5ms loss=1%")
	f.Add("rtt=6ms queue.down=64KiB reorder=0.5")
	f.Fuzz(func(t *testing.T, text string) {
		args := strings.Fields(text)
		before := slices.Clone(args)
		p, err := scenario.ParseProperties(args)
		if !slices.Equal(args, before) {
			t.Fatal("the arguments were changed")
		}
		if err != nil {
			return
		}
		again, err := scenario.ParseProperties(p.Args())
		if d := cmp.Diff(p, again); err != nil || d != "" {
			t.Fatalf("%v: %v\n%s", p.Args(), err, d)
		}
	})
}
