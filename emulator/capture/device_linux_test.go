package capture

import (
	"errors"
	"io/fs"
	"path/filepath"
	"testing"

	"testbed/emulator/internal/testenv"
	"testbed/emulator/netns"
)

func TestDevicesThatAreNotThere(t *testing.T) {
	testenv.Privileged(t)
	space, err := netns.Hold()
	if err != nil {
		t.Fatal(err)
	}
	defer space.Close()
	for name, d := range map[string]Device{
		"device":    {NetNS: space.Ref(), Name: "eth7", Of: "node a"},
		"namespace": {NetNS: netns.Ref{Path: filepath.Join(t.TempDir(), "net")}, Name: "eth0", Of: "node a"},
	} {
		path := filepath.Join(t.TempDir(), "f.pcapng")
		source := From{Devices{{NetNS: space.Ref(), Name: "lo", Of: "node l"}, d}, []Interface{{Name: "l"}, {Name: "a"}}}
		_, err := Run(t.Context(), []From{source}, Options{Program: "p", Path: path})
		if err == nil || errors.Is(err, fs.ErrExist) {
			t.Errorf("%s: %v", name, err)
		}
		t.Log(err)
		if f := read(t, path); len(f.Packets) != 0 || len(f.Interfaces) != 2 {
			t.Errorf("%s: %+v", name, f)
		}
	}
}
