package scenario

import "time"

// Event is something that happens during the replay of each model's chains: from At on, or from From until
// just before To, counted from their start. It has exactly one action.
type Event struct {
	// When it happens, from the start of each model's chains, such as 30s. It lasts until another event, or the end of
	// those chains.
	At *time.Duration `yaml:"at" one:"time of the event (at or from)" max:"24h"`
	// When it begins, from the start of each model's chains; to says when it ends.
	From *time.Duration `yaml:"from" one:"time of the event (at or from)" with:"to" max:"24h"`
	// When it ends: things are then as if it had not been.
	To *time.Duration `yaml:"to" with:"from" max:"24h"`

	// Name of the link that it happens to, or a list of names.
	Link []string `yaml:"link,single,names" atmost:"subject (link or node)" min:"1" max:"5000" pattern:"node"`
	// Name of the host, switch, exchange or cloud that it happens to, or a list of names.
	Node []string `yaml:"node,single,names" atmost:"subject (link or node)" min:"1" max:"5000" pattern:"node"`

	// Properties that the link has from then on; all others stay as they are.
	Set *Properties `yaml:"set" one:"action" with:"link"`
	// The link's properties are those of the scenario again; what was set before is gone. It has no value.
	Reset bool `yaml:"reset,mark" one:"action" with:"link"`
	// The link or node carries nothing: packets that would pass it vanish, and routes stay. It has no value.
	Down bool `yaml:"down,mark" one:"action"`
	// Before the node goes down, the stateful instances on it (model in-function) move to others, each with its states.
	Drain *Drain `yaml:"drain" with:"node"`
	// The link or node carries packets again. It has no value.
	Up bool `yaml:"up,mark" one:"action"`
	// Groups of hosts between which no packet passes: [[a, b], [c]]. Hosts in none of them form one more group, so that
	// [a, b] separates these from all others.
	Partition [][]string `yaml:"partition,flat,names" one:"action" min:"1" max:"5000" pattern:"node"`
	// The link or node is down for a while in each period, from the period's beginning.
	Flap *Flap `yaml:"flap" one:"action"`
	// A client's function whose states its worker keeps (model in-function) goes to another worker with its states, and
	// is executed there from then on; with it go the client's functions that use the same states there.
	Migrate *Migrate `yaml:"migrate" one:"action" with:"at"`
	// A host is attached elsewhere from then on, with its address: {host: phone, to: cell2, outage: 50ms}.
	Attach *Attach `yaml:"attach" one:"action" with:"at"`
}

// Flap is a link or node that goes down and up again and again.
type Flap struct {
	// Time from one going down to the next, such as 2s.
	Period time.Duration `yaml:"period,required" min:"1ms"`
	// How long it is down each time, such as 500ms.
	Down time.Duration `yaml:"down,required" min:"1ms"`
}

// Window says whether the event ends by itself, at To.
func (e *Event) Window() bool { return e.From != nil && e.To != nil }

// Begin is when the event begins, from the start of the chains.
func (e *Event) Begin() time.Duration {
	switch {
	case e.At != nil:
		return *e.At
	case e.From != nil:
		return *e.From
	}
	return 0
}
