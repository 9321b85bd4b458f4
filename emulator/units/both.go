package units

// Both is a quantity for each direction of a link: up from its first neighbour to its second (towards
// the core), down the other way. A single value in the file stands for both.
type Both[T any] struct {
	Up   *T `yaml:"up,short" doc:"From the first endpoint to the second, towards the core."`
	Down *T `yaml:"down,short" doc:"From the second endpoint to the first."`
}
