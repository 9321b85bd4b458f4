package scenario

import (
	"fmt"

	"testbed/emulator/dispatch"
	"testbed/emulator/plan"
)

// checkDispatch refuses what a dispatcher has no place in: workers that call each other know the next one beforehand,
// and the study's model of computing divides a node among the tasks that were placed there.
func (d *decoder) checkDispatch(f *File) {
	const here = "placement.dispatch"
	rule, err := dispatch.Rules.Find(d.catalogue, f.Placement.Dispatch.Kind)
	if err != nil || rule.Fixed {
		return
	}
	kind := f.Placement.Dispatch.Kind
	if f.Replay.Compute == allotted {
		d.failAt(here, "write replay.compute: shared, or burn", "%s has no meaning with replay.compute: %s, which divides a "+
			"node's speed by the tasks that are placed there beforehand", kind, allotted)
	}
	if f.chained() {
		d.failAt(here, "write orchestration: client, or dispatch: "+dispatch.Fixed,
			"where workers call each other, the next one is known beforehand")
	}
	for i, m := range f.Models {
		if rule, err := plan.Rules.Find(d.catalogue, m); err == nil && rule.Chained != nil {
			d.failAt(fmt.Sprintf("models[%d]", i), "remove it, or write dispatch: "+dispatch.Fixed,
				"in the model %s workers call each other, and the next one is known beforehand", m)
		}
	}
}

const allotted = "allotted"
