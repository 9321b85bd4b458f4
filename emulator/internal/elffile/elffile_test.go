package elffile

import (
	"bytes"
	"debug/buildinfo"
	"debug/elf"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// own is this test's program.
func own(t testing.TB) string {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("programs are ELF files on Linux")
	}
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// What is read is what the standard library reads, of this program and of the system's.
func TestAsTheStandardLibrary(t *testing.T) {
	all := []string{own(t)}
	for _, pattern := range []string{"/bin/*", "/usr/lib/*/*.so*", "/usr/local/go/bin/*"} {
		found, _ := filepath.Glob(pattern)
		all = append(all, found[:min(len(found), 60)]...)
	}
	for _, path := range all {
		program, err := os.Open(path)
		if err != nil {
			continue
		}
		want, wantErr := elf.NewFile(program)
		got, err := Interpreted(program)
		if (err == nil) != (wantErr == nil) {
			t.Errorf("%s: %v, and %v", path, err, wantErr)
		}
		if wantErr == nil {
			dynamic := false
			for _, p := range want.Progs {
				dynamic = dynamic || p.Type == elf.PT_INTERP
			}
			if got != dynamic {
				t.Errorf("%s: interpreted %v, want %v", path, got, dynamic)
			}
		}
		program.Close()
		module, err := Module(path)
		info, wantErr := buildinfo.ReadFile(path)
		if wantErr == nil && info.Main.Path != "" && (err != nil || module != info.Main.Path) {
			t.Errorf("%s: module %q, %v; want %q", path, module, err, info.Main.Path)
		}
		if wantErr != nil && err == nil {
			t.Errorf("%s: module %q, and %v", path, module, wantErr)
		}
	}
	if module, err := Module(all[0]); err != nil || module != "testbed" {
		t.Errorf("of this program: %q, %v", module, err)
	}
}

func TestNoELF(t *testing.T) {
	path := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(path, bytes.Repeat([]byte("#!/bin/sh\n"), 20), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Module(path); !errors.Is(err, ErrFormat) {
		t.Errorf("a script: %v", err)
	}
	if _, err := Module(path + "x"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	if _, err := Interpreted(bytes.NewReader(nil)); !errors.Is(err, ErrFormat) {
		t.Errorf("nothing: %v", err)
	}
}

// Whatever a file has, it is read or refused, within bounds.
func FuzzELF(f *testing.F) {
	text, err := os.ReadFile(own(f))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text[:4096])
	f.Add([]byte("\x7fELF\x02\x01" + string(make([]byte, 58))))
	f.Add([]byte("\x7fELF\x01\x02" + string(make([]byte, 58))))
	f.Fuzz(func(t *testing.T, text []byte) {
		_, _ = Interpreted(bytes.NewReader(text))
		file, err := open(bytes.NewReader(text))
		if err != nil {
			return
		}
		if content, err := file.content(section); err == nil && len(content) > mostBytes {
			t.Errorf("%d bytes of a section", len(content))
		}
	})
}
