//go:build !linux

package observe

func readFiles() (files, bool) { return files{}, false }
