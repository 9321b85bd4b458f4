package influx

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"testbed/emulator/record"
)

// Options say how to upload.
type Options struct {
	All      bool           // what was acknowledged before as well
	Progress func(Progress) // told after each request; may be nil
}

// Progress is how far an upload has got.
type Progress struct {
	Done, Total int64 // bytes of samples.lp
	Lines       int64 // acknowledged, of all uploads
}

// Upload sends what a database has not got of a run's samples, and what it has refused before. It holds one
// batch in memory, tolerates a last line that is cut off, remembers what was acknowledged in upload.json,
// and notes the counts in the manifest. Its error wraps ErrIncomplete where lines are still missing at the end.
func Upload(ctx context.Context, dir string, config Config, o Options) (record.Counts, error) {
	if err := config.Validate(); err != nil {
		return record.Counts{}, err
	}
	config = config.withDefaults()
	file, err := openSamples(dir)
	if err != nil {
		return record.Counts{}, fmt.Errorf("influx: %w", err)
	}
	defer file.Close()
	u := &upload{Options: o, dir: dir, config: config, sender: newSender(config, config.Patience, nil),
		tail: &tail{file: file, lines: config.BatchLines, bytes: config.BatchBytes}}
	defer u.sender.client.close()
	if err := u.prepare(); err != nil {
		return record.Counts{}, fmt.Errorf("influx: %w", err)
	}
	failed := u.sendAll(ctx)
	counts := u.target.counts(u.lines)
	counts.Retried = u.sender.retried.Load()
	if failed != nil {
		counts.Message = failed.Error()
	}
	err = errors.Join(
		incomplete(config.Name(), dir, counts),
		u.target.remember(dir, config.key()),
		noteInManifest(dir, config.Name(), counts),
	)
	if ctx.Err() != nil {
		err = errors.Join(err, context.Cause(ctx))
	}
	return counts, err
}

// upload is an upload under way.
type upload struct {
	Options
	dir    string
	config Config
	sender *sender
	tail   *tail
	target *target
	end    int64 // of the last whole line
	lines  int64 // before end
	save   bool  // upload.json may be written
	saved  time.Time
}

// prepare finds out how much there is, and how much of it the database has got.
func (u *upload) prepare() error {
	var err error
	if u.lines, err = u.tail.total(); err != nil {
		return err
	}
	if u.end, err = lastLine(u.tail.file, u.tail.scanned); err != nil {
		return err
	}
	u.target = readState(u.dir).Targets[u.config.key()]
	if u.All || !u.target.valid(u.end) {
		u.target = &target{}
	}
	u.target.Server = u.config.Name()
	return nil
}

// lastLine is where the last whole line of a file ends.
func lastLine(file io.ReaderAt, size int64) (int64, error) {
	buffer := make([]byte, 64<<10)
	for size > 0 {
		from := max(0, size-int64(len(buffer)))
		n, err := file.ReadAt(buffer[:size-from], from)
		if err != nil && !errors.Is(err, io.EOF) {
			return 0, err
		}
		if at := bytes.LastIndexByte(buffer[:n], '\n'); at >= 0 {
			return from + int64(at) + 1, nil
		}
		size = from
	}
	return 0, nil
}

// sendAll sends what was refused before, and then what was never sent. Until the first is done upload.json
// stays as it is, so that nothing is forgotten.
func (u *upload) sendAll(ctx context.Context) error {
	again := u.target.Refused
	u.target.Refused, u.target.Message = nil, ""
	for i, s := range again {
		at, err := u.sendSpan(ctx, s.From, s.To)
		if err != nil {
			rest := span{From: at, To: s.To}
			rest.Lines, _ = u.count(at, s.To)
			u.target.Refused = join(u.target.Refused, append([]span{rest}, again[i+1:]...)...)
			return err
		}
	}
	u.save = true
	_, err := u.sendSpan(ctx, u.target.Offset, u.end)
	return err
}

// count counts the lines between two bytes.
func (u *upload) count(from, to int64) (int64, error) {
	n := int64(0)
	for from < to {
		b, err := u.tail.next(from, to)
		if err != nil || len(b.lines) == 0 {
			return n, err
		}
		n += b.count()
		from = b.end()
	}
	return n, nil
}

// sendSpan sends the lines between two bytes, and returns how far it got.
func (u *upload) sendSpan(ctx context.Context, from, to int64) (int64, error) {
	for from < to {
		b, err := u.tail.next(from, to)
		if err != nil {
			return from, err
		}
		if len(b.lines) == 0 {
			return from, fmt.Errorf("%s has changed", u.tail.file.Name())
		}
		r, err := u.sender.deliver(ctx, b)
		if err != nil {
			return from, err
		}
		if r.reason != nil && r.written == 0 && !divisible(r.reason) {
			return from, r.reason // the server will have none of them: it knows no such bucket or token
		}
		u.target.take(b.end(), r)
		from = b.end()
		u.tell(from)
	}
	return from, nil
}

// tell reports progress, and writes upload.json once a second.
func (u *upload) tell(at int64) {
	if u.save && time.Since(u.saved) > time.Second {
		_ = u.target.remember(u.dir, u.config.key()) // that it fails is told at the end
		u.saved = time.Now()
	}
	if u.Progress != nil {
		u.Progress(Progress{Done: at, Total: u.end, Lines: u.target.Lines})
	}
}
