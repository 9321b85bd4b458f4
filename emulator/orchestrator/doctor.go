package orchestrator

import "context"

// Capability is one thing that the host offers or lacks.
type Capability struct {
	Name    string `json:"name"`
	OK      bool   `json:"ok"`
	Found   string `json:"found"`            // what was probed and seen
	Follows string `json:"follows"`          // what it means for testbeds
	Remedy  string `json:"remedy,omitempty"` // the command that mends it
}

// Diagnosis is what `testbed doctor` shows.
type Diagnosis struct {
	Capabilities []Capability `json:"capabilities"`
	Runtime      string       `json:"runtime"` // what auto takes; empty where there is none
	Fabric       string       `json:"fabric"`
	Ready        bool         `json:"ready"` // a testbed can be brought up
}

// Diagnose probes the host.
func (h *Host) Diagnose(ctx context.Context) Diagnosis {
	d := Diagnosis{Capabilities: capabilities(ctx)}
	if r, err := h.runtime(ctx, "auto"); err == nil {
		d.Runtime = r.Name()
	} else {
		d.Capabilities = append(d.Capabilities, Capability{Name: "runtime", Found: err.Error(), Follows: "no testbed can be brought up"})
	}
	if f, err := h.fabric(ctx, "auto", "doctor"); err == nil {
		d.Fabric = f.Name()
	} else {
		d.Capabilities = append(d.Capabilities, Capability{Name: "fabric", Found: err.Error(), Follows: "no testbed can be brought up"})
	}
	d.Ready = d.Runtime != "" && d.Fabric != ""
	return d
}
