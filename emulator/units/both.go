package units

// Both is a quantity for each direction of a link: up from its first neighbour to its second (towards
// the core), down the other way. A single value in the file stands for both.
type Both[T any] struct {
	// From the first endpoint to the second, towards the core.
	Up *T `yaml:"up,short"`
	// From the second endpoint to the first.
	Down *T `yaml:"down,short"`
}
