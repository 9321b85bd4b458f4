package rows

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// Where a header of a tar archive has what.
const (
	tarBlock = 512
	tarSize  = 124 // in octal digits, 12
	tarType  = 156
	tarMagic = 257
)

var errArchive = errors.New("it is a tar archive without a file in its first members: unpack it")

// member is the first file in what may be a tar archive, as traces are published in, and otherwise all of it.
func member(r *bufio.Reader) (io.Reader, error) {
	const (
		most    = 16      // members that are no files, such as directories and their times
		skipped = 1 << 20 // bytes of such a one
	)
	for i := 0; ; i++ {
		header, err := r.Peek(tarBlock)
		if errors.Is(err, io.EOF) && i == 0 {
			return r, nil
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		if len(header) < tarBlock || !bytes.HasPrefix(header[tarMagic:], []byte("ustar")) {
			if i == 0 {
				return r, nil
			}
			return nil, errArchive
		}
		digits := bytes.Trim(header[tarSize:tarSize+12], " \x00")
		size, err := strconv.ParseUint(string(digits), 8, 40)
		if err != nil {
			return nil, fmt.Errorf("it is a tar archive, and a size in it is %q: unpack it", digits)
		}
		kind := header[tarType]
		if _, err := r.Discard(tarBlock); err != nil {
			return nil, err
		}
		if kind == '0' || kind == 0 {
			return &whole{io.LimitedReader{R: r, N: int64(size)}}, nil
		}
		if i == most || size > skipped {
			return nil, errArchive
		}
		if _, err := io.CopyN(io.Discard, r, int64((size+tarBlock-1)/tarBlock*tarBlock)); err != nil {
			return nil, fmt.Errorf("it is a tar archive, and is cut: %w", err)
		}
	}
}

// whole is a file of an archive: it fails where it is cut.
type whole struct{ io.LimitedReader }

func (w *whole) Read(p []byte) (int, error) {
	n, err := w.LimitedReader.Read(p)
	if errors.Is(err, io.EOF) && w.N > 0 {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}
