package influx

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
)

// longestLine is the most bytes that a line may have. A sample has less than a thousandth of that.
const longestLine = 16 << 20

// tail reads whole lines from a file that may still grow.
type tail struct {
	file   *os.File
	lines  int // in a batch
	bytes  int
	buffer []byte

	counted int64 // lines that end before the byte scanned
	scanned int64
}

// next reads the batch at an offset: the whole lines that there are before end, and no more than fit.
// There is none where the last line is not complete yet.
func (t *tail) next(offset, end int64) (batch, error) {
	size := int64(t.bytes)
	for {
		want := min(size, end-offset)
		if want <= 0 {
			return batch{}, nil
		}
		if int64(cap(t.buffer)) < want {
			t.buffer = make([]byte, want)
		}
		n, err := t.file.ReadAt(t.buffer[:want], offset)
		if err != nil && !errors.Is(err, io.EOF) {
			return batch{}, err
		}
		if got := firstLines(t.buffer[:n], t.lines); len(got) > 0 {
			return batch{offset, got}, nil
		}
		if int64(n) < size {
			return batch{}, nil
		}
		if size *= 2; size > longestLine {
			return batch{}, fmt.Errorf("%s: the line at byte %d is longer than %d bytes", t.file.Name(), offset, longestLine)
		}
	}
}

// firstLines is the part of the text that holds the first whole lines, at most so many.
func firstLines(text []byte, lines int) []byte {
	at := 0
	for range lines {
		n := bytes.IndexByte(text[at:], '\n')
		if n < 0 {
			break
		}
		at += n + 1
	}
	return text[:at]
}

// total counts the lines in the file, as it is now. It looks at each byte once.
func (t *tail) total() (int64, error) {
	buffer := make([]byte, 256<<10)
	for {
		n, err := t.file.ReadAt(buffer, t.scanned)
		t.counted += int64(bytes.Count(buffer[:n], []byte("\n")))
		t.scanned += int64(n)
		if errors.Is(err, io.EOF) {
			return t.counted, nil
		}
		if err != nil {
			return t.counted, err
		}
	}
}
