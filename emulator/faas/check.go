package faas

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"testbed/emulator/plan"
)

const (
	maxSteps = 1 << 20 // of a chain
	maxName  = 255     // bytes of a function's, job's or model's name
	maxKey   = 120     // bytes of a chain's key
)

// validate guards against specifications that would make the invoker wait for ever, take memory that nothing
// needs, or fail oddly.
func (s *ChainSpec) validate() error {
	if err := checkKey(s.Key); err != nil {
		return err
	}
	if len(s.Job) > maxName || len(s.Model) > maxName {
		return fmt.Errorf("the names of job or model have more than %d bytes", maxName)
	}
	if s.Steps < 0 || s.Steps > maxSteps {
		return fmt.Errorf("%d steps: want 0 to %d", s.Steps, maxSteps)
	}
	if err := s.validateLasting(); err != nil {
		return err
	}
	for i := range s.Invocations {
		if err := s.validateInvocation(i); err != nil {
			return fmt.Errorf("invocation %d: %w", i, err)
		}
	}
	for i := range s.Invocations {
		if err := s.validateArgument(&s.Invocations[i]); err != nil {
			return fmt.Errorf("invocation %d: %w", i, err)
		}
	}
	return errors.Join(s.validateDispatch(), s.validateMessages(), s.validatePrograms(), s.validateInstances())
}

// measured is one more than the last step that belongs to an invocation.
func (s *ChainSpec) measured() int {
	n := 0
	for i := range s.Invocations {
		for _, index := range s.Invocations[i].Steps {
			n = max(n, index+1)
		}
	}
	for _, m := range s.Messages {
		n = max(n, m.Step+1)
	}
	return n
}

func (s *ChainSpec) validateInvocation(i int) error {
	inv := &s.Invocations[i]
	if len(inv.States) > maxStates {
		return fmt.Errorf("%d states: a call has %d at most", len(inv.States), maxStates)
	}
	if want := len(withStart(rolesOf(inv.States, s.Chained()), inv.Instances)); len(inv.Steps) != want {
		return fmt.Errorf("it has %d steps, not %d", len(inv.Steps), want)
	}
	for _, index := range inv.Steps {
		if index < 0 || index >= s.Steps {
			return fmt.Errorf("there is no step %d", index)
		}
	}
	for j, before := range inv.After {
		if before < 0 || before >= i || slices.Contains(inv.After[:j], before) {
			return fmt.Errorf("it cannot wait for %d", before)
		}
	}
	return inv.validate()
}

func (inv *InvocationSpec) validate() error {
	if len(inv.Function) > maxName {
		return fmt.Errorf("the function's name has %d bytes, more than %d", len(inv.Function), maxName)
	}
	if inv.Argument < 0 || inv.Result < 0 || inv.Ops < 0 || inv.Load < 0 || inv.Task < 0 {
		return fmt.Errorf("argument, result, operations, load and task must be at least 0")
	}
	if err := checkAddress(inv.Worker); err != nil {
		return err
	}
	for _, state := range inv.States {
		if err := checkStore(state.Store); err != nil {
			return err
		}
		if state.Bytes < 0 || state.State < 0 {
			return fmt.Errorf("state %d has %d bytes", state.State, state.Bytes)
		}
		if err := checkAddress(state.Repository); err != nil {
			return err
		}
		if state.Contested && state.Location != plan.Local {
			return fmt.Errorf("state %d is not the worker's own, and so nobody contests it there", state.State)
		}
		if state.ByClient && (state.Location != plan.Repository || state.Bytes > maxBody) {
			return fmt.Errorf("state %d of %d bytes cannot be the client's to read", state.State, state.Bytes)
		}
	}
	if inv.Instances != nil {
		if err := inv.Instances.Validate(); err != nil {
			return err
		}
	}
	return inv.call("").checkSizes()
}

// checkKey accepts the key of a chain.
func checkKey(key string) error {
	if key == "" || len(key) > maxKey || key[0] == '/' || key[len(key)-1] == '/' ||
		strings.Contains(key, "//") || strings.Contains(key, "..") {
		return fmt.Errorf("key %.150q: want up to %d letters, digits and any of \"._:/-\"", key, maxKey)
	}
	for i := range len(key) {
		if !keyByte(key[i]) {
			return fmt.Errorf("key %q: %q is not allowed", key, key[i])
		}
	}
	return nil
}

func keyByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '-' <= c && c <= ':' || c == '_' // - . / digits :
}

// checkStateKey accepts the key of a state: a chain's, and a number.
func checkStateKey(key string) error {
	at := strings.LastIndexByte(key, '/')
	if at < 0 {
		return fmt.Errorf("key %.150q: want a chain's key, / and a number", key)
	}
	if n, err := strconv.Atoi(key[at+1:]); err != nil || n < 0 || n >= 1<<31 {
		return fmt.Errorf("key %.150q: want a number after the last /", key)
	}
	return checkKey(key[:at])
}
