package predict

import (
	"errors"
	"fmt"

	"testbed/emulator/plan"
)

// ErrUnmeasured is wrapped by errors about plans of which nothing is predicted, for nobody has measured their programs.
var ErrUnmeasured = errors.New("functions are programs that no profile tells of")

// Measured says why nothing can be predicted of the plans: one of them is of programs that nobody has measured. It
// wraps ErrUnmeasured. Those who ask engines for predictions ask it first.
func Measured(plans []*plan.Plan) error {
	for _, p := range plans {
		if p.Unmeasured {
			return fmt.Errorf("%s (%s): %w: `testbed profile SCENARIO -o FILE` measures them, and profile: FILE in the "+
				"scenario says so", p.Job, p.Model, ErrUnmeasured)
		}
	}
	return nil
}
