package plan

// Bounds of what can be carried out.
const (
	// MaxMessage is the most that one message may carry, in bytes: an argument or a result with the states that
	// travel along, or a state on its way from or to its repository.
	MaxMessage = 1 << 30
	// MaxStates is the most states that one invocation may read and change.
	MaxStates = 1000
)
