package profile

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"testbed/emulator/internal/printable"
)

// checker holds a profile's parts to their ranges, and to one another.
type checker struct {
	last      string // function's name
	functions map[string]bool
	tasks     map[placeOf]bool
}

// placeOf is a task of a job.
type placeOf struct {
	job  string
	task int
}

func newChecker() *checker {
	return &checker{functions: map[string]bool{}, tasks: map[placeOf]bool{}}
}

func (c *checker) about(a *About) error {
	if a.Format != Format {
		return fmt.Errorf("it is a profile of format %d, and this program reads format %d: make it again with "+
			"`testbed profile`", a.Format, Format)
	}
	if digest, err := hex.DecodeString(a.Digest); err != nil || len(digest) != 32 {
		return fmt.Errorf("scenario_sha256: want 64 hexadecimal digits")
	}
	if a.Chains < 0 || a.Chains > maxCount {
		return fmt.Errorf("chains: want 0 to %d", maxCount)
	}
	if y := a.Made.Year(); y < 1970 || y > 9999 {
		return fmt.Errorf("made: want a time like 2026-11-30T12:00:00Z")
	}
	for _, text := range []string{a.Scenario, a.Model, a.Host, a.Kernel, a.Runtime, a.Fabric, a.Program} {
		if err := name(text, "a text", 0); err != nil {
			return err
		}
	}
	return nil
}

func (c *checker) function(f *Function) error {
	if err := name(f.Name, "name", 1); err != nil {
		return err
	}
	if c.functions[f.Name] || f.Name < c.last {
		return fmt.Errorf("the function %q comes after %q: want each once, in the order of their names", f.Name, c.last)
	}
	c.functions[f.Name], c.last = true, f.Name
	if len(f.Inputs) == 0 || len(f.Inputs) > maxInputs {
		return fmt.Errorf("function %s: %d inputs: want 1 to %d", f.Name, len(f.Inputs), maxInputs)
	}
	sum := 0
	for i := range f.Inputs {
		in := &f.Inputs[i]
		if i > 0 && in.Argument <= f.Inputs[i-1].Argument {
			return fmt.Errorf("function %s: the input of %d bytes comes after that of %d: want each once, ascending",
				f.Name, in.Argument, f.Inputs[i-1].Argument)
		}
		if err := in.check(); err != nil {
			return fmt.Errorf("function %s, input of %d bytes: %w", f.Name, in.Argument, err)
		}
		sum += in.Invocations
	}
	if f.Invocations != sum || sum > maxCount {
		return fmt.Errorf("function %s: %s, where its inputs have %d", f.Name, printable.Count(f.Invocations, "invocation"),
			sum)
	}
	if f.Starts != nil {
		if err := f.Starts.check(); err != nil {
			return fmt.Errorf("function %s: starts: %w", f.Name, err)
		}
	}
	return nil
}

func (in *Input) check() error {
	if in.Invocations < 1 || in.Invocations > maxCount {
		return fmt.Errorf("invocations: want 1 to %d", maxCount)
	}
	if err := sizes(in.Argument, in.Result, in.States); err != nil {
		return err
	}
	if err := in.Duration.check(); err != nil {
		return fmt.Errorf("duration: %w", err)
	}
	return nil
}

func (c *checker) task(t *Task) error {
	if err := name(t.Job, "job", 1); err != nil {
		return err
	}
	at := placeOf{t.Job, t.Task}
	if t.Task < 0 || t.Task > maxCount || c.tasks[at] {
		return fmt.Errorf("job %s: task %d: want 0 to %d, each once", t.Job, t.Task, maxCount)
	}
	c.tasks[at] = true
	if !c.functions[t.Function] {
		return fmt.Errorf("job %s, task %d: there is no function %.300q among those before", t.Job, t.Task, t.Function)
	}
	if t.Duration < 0 || t.Duration > maxDuration {
		return fmt.Errorf("job %s, task %d: duration: want 0 to %d ns", t.Job, t.Task, maxDuration)
	}
	if err := sizes(t.Argument, t.Result, t.States); err != nil {
		return fmt.Errorf("job %s, task %d: %w", t.Job, t.Task, err)
	}
	return nil
}

// check wants quantiles in their ranges, ascending.
func (d *Distribution) check() error {
	if d.Count < 1 || d.Count > maxCount {
		return fmt.Errorf("count: want 1 to %d", maxCount)
	}
	all := []time.Duration{0, d.Min, d.P5, d.P25, d.Median, d.P75, d.P95, d.Max, maxDuration}
	if !slices.IsSorted(all) {
		return fmt.Errorf("want min, p5, p25, median, p75, p95 and max ascending, in ns, from 0 to %d", maxDuration)
	}
	return nil
}

func sizes(argument, result int64, states []State) error {
	all := []int64{argument, result}
	for _, s := range states {
		all = append(all, s.Read, s.Written)
	}
	if len(states) > maxStates {
		return fmt.Errorf("%d states: want at most %d", len(states), maxStates)
	}
	if slices.Min(all) < 0 || slices.Max(all) > maxBytes {
		return fmt.Errorf("argument, result and states: want 0 to %d bytes", int64(maxBytes))
	}
	return nil
}

// name accepts what people can read, of least to 255 bytes.
func name(text, what string, least int) error {
	sound := utf8.ValidString(text) && !strings.ContainsFunc(text, printable.Unsafe)
	if len(text) < least || len(text) > maxName || !sound {
		return fmt.Errorf("%s %.300q: want %d to %d bytes of printable text", what, text, least, maxName)
	}
	return nil
}
