package influx

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"

	"testbed/emulator/internal/printable"
	"testbed/emulator/internal/shell"
	"testbed/emulator/record"
)

// ErrIncomplete is wrapped by errors that say that samples are missing in the database, though not in the
// run's directory.
var ErrIncomplete = errors.New("the database is not complete")

// poll is how often a mirror looks for new lines when it has sent all.
const poll = 200 * time.Millisecond

// Mirror sends a run's samples to a database while they are written.
type Mirror struct {
	config Config
	dir    string
	sender *sender
	stop   context.CancelFunc
	hurry  chan struct{} // closed by Close
	done   chan struct{}
	once   sync.Once

	mu     sync.Mutex
	tail   *tail // its counting is under mu
	target *target
	latest error // the latest failure that may pass
	failed error // why it ended before all was sent; nil: it has not
	closed bool
}

// Follow begins to mirror the samples of a run's directory. It needs no server to be there yet. It reads
// the file samples.lp on a goroutine of its own; nothing that the database does reaches who writes it.
func Follow(dir string, config Config) (*Mirror, error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	config = config.withDefaults()
	file, err := openSamples(dir)
	if err != nil {
		return nil, fmt.Errorf("influx: %w", err)
	}
	m := &Mirror{config: config, dir: dir, hurry: make(chan struct{}), done: make(chan struct{}),
		tail:   &tail{file: file, lines: config.BatchLines, bytes: config.BatchBytes},
		target: &target{Server: config.Name()}}
	m.sender = newSender(config, 0, m.hurry)
	m.sender.failed = m.note
	var ctx context.Context
	ctx, m.stop = context.WithCancel(context.Background())
	go m.run(ctx)
	return m, nil
}

// Name names the database, without secrets.
func (m *Mirror) Name() string { return m.config.Name() }

// note remembers why an attempt has failed.
func (m *Mirror) note(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.latest = err
}

// run sends what there is until Close, and then the rest.
func (m *Mirror) run(ctx context.Context) {
	defer close(m.done)
	defer m.sender.client.close()
	saved := time.Now()
	reader := &tail{file: m.tail.file, lines: m.tail.lines, bytes: m.tail.bytes}
	for {
		closing := m.closing() // asked before reading: what was written before Close is sent
		b, err := reader.next(m.offset(), math.MaxInt64)
		if err == nil && len(b.lines) == 0 {
			if closing {
				return
			}
			m.wait(ctx)
			continue
		}
		var r result
		if err == nil {
			r, err = m.sender.deliver(ctx, b)
		}
		if err != nil {
			m.mu.Lock()
			m.failed = err
			m.mu.Unlock()
			return
		}
		m.advance(b, r)
		if time.Since(saved) > time.Second {
			_ = m.save() // that it fails costs at most that lines are sent again
			saved = time.Now()
		}
	}
}

func (m *Mirror) closing() bool {
	select {
	case <-m.hurry:
		return true
	default:
		return false
	}
}

func (m *Mirror) wait(ctx context.Context) {
	timer := time.NewTimer(poll)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-m.hurry:
	case <-ctx.Done():
	}
}

func (m *Mirror) offset() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.target.Offset
}

// advance takes down what became of a batch.
func (m *Mirror) advance(b batch, r result) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.latest = nil
	m.target.take(b.end(), r)
}

// take takes down what became of the lines up to a byte.
func (t *target) take(end int64, r result) {
	t.Offset = max(t.Offset, end)
	t.Lines += r.written
	t.Refused = join(t.Refused, r.refused...)
	if r.reason != nil {
		t.Message = r.reason.Error()
	}
}

// save writes upload.json.
func (m *Mirror) save() error {
	m.mu.Lock()
	copied := *m.target
	copied.Refused = append([]span(nil), m.target.Refused...)
	m.mu.Unlock()
	return copied.remember(m.dir, m.config.key())
}

// Counts says what became of all lines that are in the file now.
func (m *Mirror) Counts() record.Counts {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.closed {
		_, _ = m.tail.total() // a failure to read shows where the lines are sent
	}
	c := m.target.counts(m.tail.counted)
	c.Retried = m.sender.retried.Load()
	if reason := cmp.Or(m.latest, m.failed); c.Pending > 0 && c.Message == "" && reason != nil {
		c.Message = reason.Error()
	}
	return c
}

func (t *target) counts(total int64) record.Counts {
	c := record.Counts{Written: t.Lines, Rejected: t.rejected()}
	c.Pending = max(0, total-c.Written-c.Rejected)
	if c.Rejected > 0 {
		c.Message = t.Message
	}
	return c
}

// Close sends what is left, for no longer than Config.FinalFlush, and ends the mirror. The samples' file is to be
// closed, or at least flushed, before. Its error wraps ErrIncomplete where the database has not got everything.
// It may be repeated, and then says the same.
func (m *Mirror) Close() error {
	m.once.Do(func() {
		timer := time.AfterFunc(m.config.FinalFlush, m.stop)
		close(m.hurry)
		<-m.done
		timer.Stop()
		m.stop()
		err := m.save()
		m.Counts() // the last look at the file
		m.mu.Lock()
		defer m.mu.Unlock()
		m.closed = true
		m.failed = errors.Join(m.failed, err, m.tail.file.Close())
	})
	return incomplete(m.Name(), m.dir, m.Counts())
}

// incomplete is the error for counts that are not complete.
func incomplete(name, dir string, c record.Counts) error {
	if c.Complete() {
		return nil
	}
	text := fmt.Sprintf("%d of %s are missing, %d pending and %d rejected",
		c.Pending+c.Rejected, printable.Count(c.Written+c.Pending+c.Rejected, "line"), c.Pending, c.Rejected)
	if c.Message != "" {
		text += " (" + c.Message + ")"
	}
	return fmt.Errorf("%s: %w: %s; `testbed upload %s` sends them", name, ErrIncomplete, text, shell.Path(dir))
}
