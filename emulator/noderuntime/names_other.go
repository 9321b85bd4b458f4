//go:build !linux

package noderuntime

// AddNames does nothing: there are no network namespaces.
func AddNames(string, []Node) error { return nil }

// RemoveNames does nothing.
func RemoveNames(string, string) error { return nil }

// RemoveNamesOf does nothing.
func RemoveNamesOf(string, []Node) error { return nil }

// RemoveNamesOfSpecs does nothing.
func RemoveNamesOfSpecs(string, []Spec) error { return nil }
