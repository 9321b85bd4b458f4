package scenario

import (
	"time"

	"testbed/emulator/faas/instance"
	"testbed/emulator/internal/printable"
)

// Warm and scaled are the lives of a function's instances.
const (
	warmInstances   = "warm"
	scaledInstances = "scaled"
)

// Defaults of instances.
const (
	defaultMaxInstances = 10
	defaultConcurrency  = 1
	defaultKeepAlive    = time.Minute // Knative's stable window
)

// Instances say how the instances of a function live, on each node that executes it.
type Instances struct {
	// warm: there is always one for every invocation, as without this key; scaled: they start when they are needed and end
	// when they are idle.
	Kind string `yaml:"kind,short" enum:"warm|scaled" default:"scaled"`
	// Instances that each node keeps, which are there from the start and do not end for being idle. Default: 0, so that
	// all of them end.
	Min int `yaml:"min" min:"0" max:"10000" when:"kind=scaled"`
	// Instances that a node has at most. An invocation that finds them all in use waits until one is free. Default: 10.
	Max int `yaml:"max" min:"1" max:"10000" when:"kind=scaled"`
	// Invocations that an instance serves at a time. Default: 1.
	Concurrency int `yaml:"concurrency" min:"1" max:"10000" when:"kind=scaled"`
	// How long an instance stays that serves no invocation, such as 30s. Default: 1m.
	KeepAlive *time.Duration `yaml:"keep-alive" max:"24h" when:"kind=scaled"`
	// Invocations that may wait for an instance on a node; what comes on top of them fails. Default: 10000.
	Queue int `yaml:"queue" min:"1" max:"1000000" when:"kind=scaled"`
	// How long the start of an instance takes: a time, or its median and 95th percentile. A builtin function's starts take
	// that, drawn by the scenario's seed; a program's take what they take, and predictions expect this.
	Start *StartTime `yaml:"start" when:"kind=scaled"`
}

// StartTime is how long starts of instances take.
type StartTime struct {
	// The median, such as 300ms. Alone: each start takes that.
	Median time.Duration `yaml:"median,short,required" max:"1h"`
	// The 95th percentile, such as 1200ms; the distribution is log-normal.
	P95 time.Duration `yaml:"p95" max:"1h"`
}

// resolve fills in what is absent.
func (i *Instances) resolve() {
	if i == nil || i.Kind != scaledInstances {
		return
	}
	if i.Max == 0 {
		i.Max = max(defaultMaxInstances, i.Min)
	}
	if i.Concurrency == 0 {
		i.Concurrency = defaultConcurrency
	}
	if i.KeepAlive == nil {
		stay := defaultKeepAlive
		i.KeepAlive = &stay
	}
	if i.Queue == 0 {
		i.Queue = instance.DefaultQueue
	}
}

// Instances is how the instances of a function live on a node of a number; nil: there is always one that is warm.
func (f *File) Instances(function string, node int) *instance.Spec {
	one := f.Function(function)
	if one == nil || one.Instances == nil || one.Instances.Kind != scaledInstances {
		return nil
	}
	i := one.Instances
	spec := &instance.Spec{Seed: instance.For(f.Seed, function, node), Limits: instance.Limits{
		Min: i.Min, Max: i.Max, Concurrency: i.Concurrency, KeepAlive: *i.KeepAlive, Queue: i.Queue,
	}}
	if i.Start != nil {
		spec.Start = instance.Distribution{Median: i.Start.Median, P95: i.Start.P95}
	}
	return spec
}

// Scaled says whether any function has instances that start and end.
func (f *File) Scaled() bool {
	for i := range f.Functions {
		if in := f.Functions[i].Instances; in != nil && in.Kind == scaledInstances {
			return true
		}
	}
	return false
}

// checkInstances holds the keys of a function's instances against each other.
func (d *decoder) checkInstances(f *Function, path string) {
	i := f.Instances
	if i == nil || i.Kind != scaledInstances || d.failed(path) {
		return
	}
	if i.Max > 0 && i.Min > i.Max {
		d.failAt(path+".min", "lower it, or raise max", "%s at least, and %d at most", printable.Count(i.Min, "instance"),
			i.Max)
	}
	if i.Start == nil && !f.Program() {
		d.failAt(path, "add start: 300ms, or start: {median: 300ms, p95: 1200ms}",
			"a builtin function's start takes what the scenario says, which is nothing yet")
	}
	if s := i.Start; s != nil && s.P95 != 0 && (s.P95 < s.Median || s.Median == 0) {
		d.failAt(path+".start.p95", "write a time from the median on, which is to be above 0",
			"half of the starts take more than %v, and 95 %% of them less than %v", s.Median, s.P95)
	}
}
