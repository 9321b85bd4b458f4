package plan

// MaxMessage is the most that one message may carry in emulation, in bytes: an argument or a result with the
// states that travel along, or a state on its way from or to its repository.
const MaxMessage = 1 << 30
