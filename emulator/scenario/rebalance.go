package scenario

import "time"

// Rebalance is the policy by which stateful instances move. An instance moves when the gain exceeds the cost, both in
// seconds of waiting: what its invocations are predicted to save elsewhere within the horizon, at the rate that was
// measured, against what those wait that come while it moves, and what the moved bytes are charged.
type Rebalance struct {
	// How often all instances are looked at, such as 5s, from the start of the model's chains on.
	Every time.Duration `yaml:"every,short,required" min:"100ms" max:"24h"`
	// For how long the rate of an instance's invocations is expected to last: what is saved within it is the gain.
	Horizon time.Duration `yaml:"horizon" default:"60s" min:"100ms" max:"24h"`
	// What a moved megabyte (10^6 bytes) costs, as waiting.
	Megabyte time.Duration `yaml:"megabyte" default:"1ms" max:"1h"`
	// How instances move: stop-and-copy holds their invocations until all states are there; pre-copy copies them in
	// rounds while invocations go on, and holds these for the last round.
	Method string `yaml:"method" default:"stop-and-copy" enum:"stop-and-copy|pre-copy"`
	// Rounds of pre-copy that copy while invocations go on, at most.
	Rounds int `yaml:"rounds" default:"8" min:"1" max:"64" when:"method=pre-copy"`
}
