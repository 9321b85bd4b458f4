//go:build !linux

package faas

func unbound(int) {}
