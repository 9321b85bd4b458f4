package influx

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"testbed/emulator/internal/outdir"
	"testbed/emulator/record"
)

// A state that is no regular file, or broken, is as good as none; samples that are none are an error at once.
func TestFilesThatAreNone(t *testing.T) {
	d := newRun(t)
	fill(t, d, 0, 3)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(d.Path(), StateFile)
	for kind, put := range map[string]func() error{
		"a pipe":    func() error { return syscall.Mkfifo(path, 0o644) },
		"/dev/zero": func() error { return os.Symlink("/dev/zero", path) },
		"large":     func() error { return errors.Join(os.WriteFile(path, nil, 0o644), os.Truncate(path, 30<<30)) },
		"null":      func() error { return os.WriteFile(path, []byte(`{"targets":{"x":null}}`), 0o644) },
	} {
		_ = os.Remove(path)
		if err := put(); err != nil {
			t.Fatal(err)
		}
		if s := readState(d.Path()); s.Targets == nil || s.Targets["x"].valid(10) {
			t.Errorf("%s: %+v", kind, s)
		}
	}
	samples := filepath.Join(d.Path(), record.SamplesFile)
	if err := errors.Join(os.Remove(samples), syscall.Mkfifo(samples, 0o644)); err != nil {
		t.Fatal(err)
	}
	config := Config{URL: "http://127.0.0.1:1", Bucket: "b"}
	_, err := Upload(context.Background(), d.Path(), config, Options{})
	if !errors.Is(err, outdir.ErrInTheWay) || !strings.Contains(err.Error(), samples) {
		t.Errorf("samples that are a pipe: %v", err)
	}
	if _, err := Follow(d.Path(), config); !errors.Is(err, outdir.ErrInTheWay) {
		t.Errorf("samples that are a pipe, followed: %v", err)
	}
}

// FuzzState reads any state beside any samples: what is left to send lies within the file, and is whole lines.
func FuzzState(f *testing.F) {
	config := Config{URL: "http://127.0.0.1:1", Bucket: "b"}.withDefaults()
	state := `{"targets":{"` + config.key() + `":{"offset":4,"lines":1,"refused":[{"from":0,"to":4,"lines":1}]}}}`
	f.Add([]byte(state), []byte("a,b\nc,d\n\ne"))
	f.Add([]byte(`{"targets":{"`+config.key()+`":{"offset":-1,"lines":9223372036854775807}}}`), []byte("x"))
	f.Add([]byte("null"), []byte{})
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, state, samples []byte) {
		path := filepath.Join(dir, record.SamplesFile)
		write := func(path string, text []byte) error { return os.WriteFile(path, text, 0o644) }
		if err := errors.Join(write(filepath.Join(dir, StateFile), state), write(path, samples)); err != nil {
			t.Fatal(err)
		}
		file, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		u := &upload{dir: dir, config: config, tail: &tail{file: file, lines: 2, bytes: 4}}
		if err := u.prepare(); err != nil {
			t.Fatal(err)
		}
		for _, s := range append(u.target.Refused, span{From: u.target.Offset, To: u.end}) {
			for at := s.From; at < s.To; {
				b, err := u.tail.next(at, s.To)
				if err != nil || len(b.lines) == 0 {
					break
				}
				if b.end() > s.To || b.lines[len(b.lines)-1] != '\n' {
					t.Fatalf("a batch of %d to %d within %+v: %q", at, b.end(), s, b.lines)
				}
				at = b.end()
			}
		}
	})
}
