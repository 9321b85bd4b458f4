package rows

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"testbed/emulator/internal/readfile"
)

func gzipped(t *testing.T, text string) string {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func zstandard(t *testing.T, text string, options ...zstd.EOption) string {
	t.Helper()
	var out bytes.Buffer
	w, err := zstd.NewWriter(&out, options...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// written is the path of a file with a content.
func written(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "trace.bin")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestOpenUnpacksByContent(t *testing.T) {
	const text = "a,b\nc,d\n"
	archive := func(kind byte, names ...string) string {
		var out bytes.Buffer
		w := tar.NewWriter(&out)
		for i, name := range names {
			h := &tar.Header{Name: name, Mode: 0o644, Typeflag: tar.TypeReg, Size: int64(len(text))}
			if i < len(names)-1 {
				h.Typeflag, h.Size = kind, 0
			}
			if err := w.WriteHeader(h); err != nil {
				t.Fatal(err)
			}
			if h.Size > 0 {
				_, _ = io.WriteString(w, text)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	odd := strings.Replace(archive(tar.TypeReg, "a.csv"), "00000000010", "0000000001x", 1)
	long := strings.Repeat("d/", 100) + "batch_task.csv" // takes a header of its own
	big := strings.Repeat(text, 1<<20)
	for name, c := range map[string]struct {
		content, want string
		most          int64
		err           error
	}{
		"plain":             {text, text, 100, nil},
		"empty":             {"", "", 100, nil},
		"three bytes":       {"a,b", "a,b", 100, nil},
		"gzip":              {gzipped(t, text), text, 100, nil},
		"tar":               {archive(tar.TypeReg, "a.csv"), text, 100, nil},
		"tar.gz":            {gzipped(t, archive(tar.TypeDir, "d/", "d/a.csv")), text, 100, nil},
		"tar with names":    {gzipped(t, archive(tar.TypeDir, long)), text, 100, nil},
		"cut tar":           {archive(tar.TypeDir, "d/", "d/a.csv")[:700], "", 100, errArchive},
		"a cut file":        {archive(tar.TypeReg, "a.csv")[:515], "", 100, io.ErrUnexpectedEOF},
		"an empty tar":      {archive(tar.TypeDir, "d/", "e/", "f")[:1024], "", 100, errArchive},
		"tar, odd size":     {odd, "", 100, errArchive},
		"gzip twice":        {gzipped(t, text) + gzipped(t, text), text + text, 100, nil},
		"Zstandard":         {zstandard(t, text), text, 100, nil},
		"just enough":       {gzipped(t, text), text, int64(len(text)), nil},
		"a byte too much":   {gzipped(t, text), "", int64(len(text)) - 1, readfile.ErrLimit},
		"a bomb":            {gzipped(t, big), "", 1 << 20, readfile.ErrLimit},
		"another bomb":      {zstandard(t, big), "", 1 << 20, readfile.ErrLimit},
		"cut gzip":          {gzipped(t, text)[:20], "", 100, io.ErrUnexpectedEOF},
		"cut Zstandard":     {zstandard(t, text)[:12], "", 100, io.ErrUnexpectedEOF},
		"a begin of gzip":   {"\x1f\x8bj_1,M1", "", 100, gzip.ErrHeader},
		"a begin of zstd":   {"\x28\xb5\x2f\xfd\xff\xff\xff", "", 100, zstd.ErrReservedBlockType},
		"a window too wide": {zstandard(t, big, zstd.WithWindowSize(1<<27)), "", 1 << 30, zstd.ErrWindowSizeExceeded},
	} {
		got, err := readAll(written(t, c.content), c.most)
		if c.err == nil && (err != nil || got != c.want) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
		if c.err != nil && err == nil {
			t.Errorf("%s: read as %d bytes", name, len(got))
		}
		if errors.Is(c.err, readfile.ErrLimit) && !errors.Is(err, readfile.ErrLimit) ||
			err != nil && !strings.Contains(err.Error(), "trace.bin") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func readAll(path string, most int64) (string, error) {
	file, err := Open(path, most)
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(file)
	return string(text), errors.Join(err, file.Close())
}

func TestHead(t *testing.T) {
	for content, want := range map[string]string{
		"": "", "abc": "abc", "abcdefgh": "abcd", gzipped(t, "abcdefgh"): "abcd", zstandard(t, "ab"): "ab",
	} {
		if got, err := Head(written(t, content), 4); err != nil || string(got) != want {
			t.Errorf("%q: %q, %v", content, got, err)
		}
	}
}

func TestScan(t *testing.T) {
	var got []string
	note := func(line int, text string) error {
		got = append(got, string(rune('0'+line))+text)
		return nil
	}
	if err := Scan(strings.NewReader("\ufeffa\r\n\r\n\n\ufeffb\nc"), "x", note); err != nil ||
		strings.Join(got, " ") != "1a 4\ufeffb 5c" {
		t.Errorf("%q, %v", got, err)
	}
	stop := errors.New("stop")
	if err := Scan(strings.NewReader("a\nb"), "x", func(int, string) error { return stop }); !errors.Is(err, stop) {
		t.Error(err)
	}
	if err := Scan(strings.NewReader(strings.Repeat("x", MaxRow+2)), "name", note); err == nil ||
		!strings.Contains(err.Error(), "name") {
		t.Error(err)
	}
}

func TestSplit(t *testing.T) {
	for row, want := range map[string]string{"": "1 | |", "a,b": "2 a|b|", ",": "2 | |", "a,b,c,d": "4 a|b|c"} {
		fields := make([]string, 3)
		n := Split(row, fields)
		got := string(rune('0'+n)) + " " + strings.Join(fields, "|")
		if strings.ReplaceAll(got, " ", "") != strings.ReplaceAll(want, " ", "") {
			t.Errorf("%q: %q, want %q", row, got, want)
		}
	}
}
