//go:build !linux

package orchestrator

func (s Store) boundNodes(string, int) error { return nil }

func (s Store) unboundNodes(string) error { return nil }

func (s Store) reboundNodes(string, int) error { return nil }
