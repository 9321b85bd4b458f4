package scenario

import (
	"time"

	"testbed/emulator/catalogue"
	"testbed/emulator/topology/synth"
)

// TopologySynth are the parameters of a synthesized topology; nil ones are as published.
type TopologySynth struct {
	Kind string `yaml:"kind,short,required" choice:"topology synthesizer"`

	synth.Parameters `yaml:",inline"`

	Options catalogue.Values `yaml:",options" of:"kind"`
}

// maxHosts bounds a synthesized topology.
const maxHosts = 5000

// orPublished sets what the file leaves open to the published value.
func orPublished[T any](p **T, value T) {
	if *p == nil {
		*p = &value
	}
}

func (l *Latencies) resolve(seed uint64) {
	orPublished(&l.Seed, seed)
	if l.Kind == "none" {
		return
	}
	d := synth.DefaultLatencies()
	for _, c := range []struct {
		field **Lognormal
		value synth.Lognormal
	}{{&l.LAN, d.LAN}, {&l.WLAN, d.WLAN}, {&l.BusinessISP, d.BusinessISP}, {&l.MobileISP, d.MobileISP}} {
		orPublished(c.field, Lognormal{c.value.Sigma, milliseconds(c.value.Loc), milliseconds(c.value.Scale)})
	}
	orPublished(&l.Exchanges, d.Exchanges)
}

func (l *Latencies) model() synth.LatencyModel {
	convert := func(x *Lognormal) synth.Lognormal {
		return synth.Lognormal{Sigma: x.S, Loc: float64(x.Loc) / 1e6, Scale: float64(x.Scale) / 1e6}
	}
	return synth.LatencyModel{
		LAN: convert(l.LAN), WLAN: convert(l.WLAN), BusinessISP: convert(l.BusinessISP),
		MobileISP: convert(l.MobileISP), Exchanges: *l.Exchanges,
	}
}

func milliseconds(ms float64) time.Duration { return time.Duration(ms*1e6 + 0.5) }
