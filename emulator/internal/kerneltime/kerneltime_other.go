//go:build !linux

// Package kerneltime reads the kernel's clocks, and when by them packets came: on Linux only.
package kerneltime
