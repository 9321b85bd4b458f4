// Package doctor says what a host offers for testbeds, what follows from that and what would mend it, and tries,
// before a testbed is brought up, what bringing one up does.
package doctor

import (
	"context"
	"fmt"
	"strings"
	"time"

	"testbed/emulator/orchestrator"
)

// Capability is one thing that the host offers or lacks.
type Capability struct {
	Name    string `json:"name"`
	OK      bool   `json:"ok"`
	Found   string `json:"found"`            // what was probed and seen
	Follows string `json:"follows"`          // what it means for testbeds
	Remedy  string `json:"remedy,omitempty"` // the command that mends it
}

// lacking turns a capability into one that is not there.
func (c Capability) lacking(found, follows, remedy string) Capability {
	c.OK, c.Found, c.Follows, c.Remedy = false, found, follows, remedy
	return c
}

// Diagnosis is what `testbed doctor` shows.
type Diagnosis struct {
	Capabilities []Capability `json:"capabilities"`
	Runtime      string       `json:"runtime"` // what auto takes; empty where there is none
	Fabric       string       `json:"fabric"`
	Ready        bool         `json:"ready"` // a testbed can be brought up: what `testbed up` does was tried
}

// Versioned is a runtime that can say what engine stands behind it, such as "20.10.24 (API 1.41)".
type Versioned interface {
	Version(ctx context.Context) (string, error)
}

// probeTime bounds every single probe: a hanging engine or kernel must not hang the doctor.
const probeTime = 5 * time.Second

// check looks for one capability.
type check struct {
	name string
	look func(ctx context.Context, c Capability) Capability
}

// Diagnose probes the host: what the system offers, then each runtime and fabric, then what auto takes, and at last,
// by try, whether that does what bringing a testbed up needs of it. Each probe makes what it tries in namespaces of
// its own, which vanish with it, and takes 5 s at most.
func Diagnose(ctx context.Context, h *orchestrator.Host, try orchestrator.Trial) Diagnosis {
	var d Diagnosis
	for _, k := range systemChecks() {
		d.Capabilities = append(d.Capabilities, k.run(ctx, probeTime))
	}
	for _, o := range h.Runtimes {
		c := runtimeCheck(o).run(ctx, probeTime)
		if c.OK && d.Runtime == "" {
			d.Runtime, c.Follows = o.Name(), "runtime auto takes it"
		}
		d.Capabilities = append(d.Capabilities, c)
	}
	for _, o := range h.Fabrics {
		c := fabricCheck(o).run(ctx, probeTime)
		if c.OK && d.Fabric == "" {
			d.Fabric, c.Follows = o.Name, "fabric auto takes it"
		}
		d.Capabilities = append(d.Capabilities, c)
	}
	if d.Runtime != "" && d.Fabric != "" {
		c := trialCheck(try, h.Store, d.Runtime, d.Fabric).run(ctx, probeTime)
		d.Capabilities, d.Ready = append(d.Capabilities, c), c.OK
	}
	d.conclude()
	return d
}

// conclude says of each runtime and fabric that is missing what is taken instead.
func (d *Diagnosis) conclude() {
	for i := range d.Capabilities {
		c := &d.Capabilities[i]
		kind, _, seam := strings.Cut(c.Name, " ")
		taken, known := map[string]string{"runtime": d.Runtime, "fabric": d.Fabric}[kind]
		switch {
		case !seam || !known || c.OK:
		case taken == "":
			c.Follows = "no testbed can be brought up"
		default:
			c.Follows = kind + " auto takes " + taken
		}
	}
}

// run probes within a limit of time. A probe that does not end in time is left to itself.
func (k check) run(ctx context.Context, limit time.Duration) Capability {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	done := make(chan Capability, 1)
	go func() { done <- k.look(ctx, Capability{Name: k.name, OK: true}) }()
	select {
	case c := <-done:
		return c
	case <-ctx.Done():
		return Capability{Name: k.name}.lacking(fmt.Sprintf("no answer: %v", context.Cause(ctx)),
			"it cannot be relied on", "")
	}
}

// runtimeCheck looks whether a runtime is there, and in which version.
func runtimeCheck(o orchestrator.RuntimeOption) check {
	return check{"runtime " + o.Name(), func(ctx context.Context, c Capability) Capability {
		if err := o.Supported(ctx); err != nil {
			return c.lacking(oneLine(err), "", o.Remedy)
		}
		c.Found = "supported"
		if v, ok := o.Runtime.(Versioned); ok {
			if version, err := v.Version(ctx); err != nil {
				c.Found = "supported, of unknown version: " + oneLine(err)
			} else {
				c.Found = version
			}
		}
		c.Follows = "there for runtime: " + o.Name()
		return c
	}}
}

// fabricCheck looks whether a fabric is there.
func fabricCheck(o orchestrator.FabricOption) check {
	return check{"fabric " + o.Name, func(ctx context.Context, c Capability) Capability {
		if err := o.Supported(ctx); err != nil {
			return c.lacking(oneLine(err), "", o.Remedy)
		}
		c.Found, c.Follows = "supported", "there for fabric: "+o.Name
		return c
	}}
}

func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }
