package replay

import (
	"reflect"
	"testing"
	"time"

	"testbed/emulator/faas"
	"testbed/emulator/plan"
	"testbed/emulator/record"
)

// TestMeasuredSizes: of a program's steps the bytes are those that were measured, wherever its state is.
func TestMeasuredSizes(t *testing.T) {
	roles := map[plan.Location][]plan.Role{
		plan.Repository: {plan.Request, plan.Read, plan.Execute, plan.Write, plan.Response},
		plan.Carried:    {plan.Request, plan.Execute, plan.Response},
		plan.Local:      {plan.Request, plan.Execute, plan.Response},
	}
	for location, want := range map[plan.Location][]int64{
		plan.Repository: {10, 100, 0, 150, 20},
		plan.Carried:    {110, 0, 170},
		plan.Local:      {10, 0, 20},
	} {
		p := &plan.Plan{StateBytes: []int64{1, 1}, Invocations: []plan.Invocation{
			{Function: "builtin"},
			{Function: "f", Task: 1, States: []plan.Access{{State: 1, Bytes: 1, Location: location}}},
		}}
		p.Steps = append(p.Steps, plan.Step{Kind: plan.Transfer, Role: plan.Request, From: 1, To: 2, Bytes: 7})
		p.Invocations[0].Steps = []int{0}
		result := &faas.ChainResult{Programs: []faas.ProgramResult{{
			Invocation: 1, Argument: 10, Result: 20, Digest: "d", States: []faas.StateSizes{{State: 1, Read: 100, Written: 150}},
		}}}
		for i, role := range roles[location] {
			step := plan.Step{Role: role, Task: 1, From: 1, To: 2, Bytes: 999}
			if role == plan.Execute {
				step.Kind, step.From, step.Bytes = plan.Compute, 2, 0
				done := faas.StepResult{Index: 1 + i, Role: role, Start: 1, End: 1 + int64(time.Second)}
				result.Steps = append(result.Steps, done)
			}
			p.Steps = append(p.Steps, step)
			p.Invocations[1].Steps = append(p.Invocations[1].Steps, 1+i)
		}
		bytes := moved(p, result)
		sum := int64(7)
		for _, n := range want {
			sum += n
		}
		if !reflect.DeepEqual(bytes[1:], want) || bytes[0] != 7 || between(p, bytes) != sum {
			t.Errorf("location %d: %v, together %d; want 7 and %v", location, bytes, between(p, bytes), want)
		}
		o := outcome{result: result, checks: []faas.StateCheck{{State: 1, Digest: "s"}}}
		programs, digests := programsOf(p, o)
		expected := []record.Program{{Task: 1, Function: "f", Argument: 10, Result: 20, Digest: "d", Duration: 1,
			States: []record.Resized{{Read: 100, Written: 150}}}}
		if !reflect.DeepEqual(programs, expected) || !reflect.DeepEqual(digests, []string{"", "s"}) {
			t.Errorf("%+v, %v", programs, digests)
		}
	}
	p := &plan.Plan{Steps: []plan.Step{{From: 1, To: 2, Bytes: 7}}}
	if programs, _ := programsOf(p, outcome{}); programs != nil || moved(p, nil)[0] != 7 {
		t.Error("a chain that did not run has programs")
	}
}
