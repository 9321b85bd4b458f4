package wire

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"testbed/emulator/fabric/clocks"
	"testbed/emulator/internal/runkey"
	"testbed/emulator/internal/testenv"
)

// machine is a mesh's end with what it has received.
type machine struct {
	*Mesh
	mutex sync.Mutex
	got   []Header
	bytes int
	bell  chan struct{}
	stop  chan struct{}
}

// machines makes n of them on loopback. The clock of each is a second ahead of the one before.
func machines(t testing.TB, n int, dialled func(from, to int, address string) string) []*machine {
	t.Helper()
	key := runkey.New()
	listeners, names, addresses := make([]net.Listener, n), make([]string, n), make([]string, n)
	for i := range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		listeners[i], names[i], addresses[i] = l, string(rune('a'+i)), l.Addr().String()
	}
	origin := time.Now()
	all := make([]*machine, n)
	for i := range n {
		m := &machine{bell: make(chan struct{}, 1), stop: make(chan struct{})}
		mine := make([]string, n)
		for j := range n {
			if mine[j] = addresses[j]; dialled != nil && j != i {
				mine[j] = dialled(i, j, addresses[j])
			}
		}
		c := Config{Self: i, Names: names, Addresses: mine, Key: key, Listener: listeners[i], Log: t.Logf,
			Now:  func() int64 { return int64(time.Since(origin)) + int64(i)*1e9 },
			Ring: func() { m.bell <- struct{}{} }}
		var err error
		if m.Mesh, err = New(c); err != nil {
			t.Fatal(err)
		}
		go m.take()
		t.Cleanup(func() { m.Close(); close(m.stop) })
		all[i] = m
	}
	return all
}

// take is what a core does.
func (m *machine) take() {
	for {
		select {
		case <-m.bell:
		case <-m.stop:
			return
		}
		m.mutex.Lock()
		m.Receive(func(_ int, h Header, data []byte) { m.got = append(m.got, h); m.bytes += len(data) })
		m.mutex.Unlock()
	}
}

// ready waits until a machine is connected with all others and knows their clocks.
func (m *machine) ready(t testing.TB) {
	t.Helper()
	testenv.Eventually(t, "connected", func() bool {
		for _, s := range m.Status() {
			if !s.Connected || s.Clock.Probes == 0 {
				return false
			}
		}
		return true
	})
}

func TestPacketsCrossWithTheirInstants(t *testing.T) {
	all := machines(t, 3, nil)
	for _, m := range all {
		m.ready(t)
	}
	const each = 200
	var bounds [3][3]int64 // of the offsets that the instants are told with: a round trip on loopback, on this host
	for from, m := range all {
		for to := range all {
			if to != from {
				bounds[from][to] = m.clockOf(all[to].Mesh).Error(each*1000) + 1e6
			}
			for i := range each {
				h := Header{Channel: uint64(from), Due: int64(i) * 1000, From: uint32(i)}
				if to != from && !m.Send(to, h, make([]byte, i)) {
					t.Fatal("not sent")
				}
			}
		}
		m.Flush()
	}
	for to, m := range all {
		testenv.Eventually(t, "received", func() bool { m.mutex.Lock(); defer m.mutex.Unlock(); return len(m.got) == 2*each })
		next := map[uint64]uint32{}
		for _, h := range m.got {
			from := int64(h.Channel)
			if h.From != next[h.Channel] {
				t.Fatalf("packet %d of machine %d, want %d", h.From, from, next[h.Channel])
			}
			next[h.Channel]++
			want := int64(h.From)*1000 + (int64(to)-from)*1e9
			if bound := bounds[from][to]; h.Due-want > bound || want-h.Due > bound {
				t.Errorf("due %d instead of %d, with a bound of %d", h.Due, want, bound)
			}
		}
		for _, s := range m.Status() {
			if s.Sent != each || s.Received != each || s.Lost != 0 {
				t.Errorf("%+v", s)
			}
		}
	}
}

func (m *machine) clockOf(other *Mesh) *clocks.Estimate {
	e := m.peers[other.config.Self].clock.Load()
	return e
}

// Who has not the key hears nothing that is not a handshake's, and cannot keep others out.
func TestStrangersGetNothing(t *testing.T) {
	all := machines(t, 2, nil)
	address := all[0].config.Listener.Addr().String()
	other, err := runkey.New().TLS("b", "")
	if err != nil {
		t.Fatal(err)
	}
	other.VerifyConnection = nil
	ours, err := all[0].config.Key.TLS("z", "a") // a machine that is none of this run's
	if err != nil {
		t.Fatal(err)
	}
	ask := func(name string, conn net.Conn, say []byte) {
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(testenv.Patience))
		_, _ = conn.Write(say)
		heard, err := io.ReadAll(conn)
		var timeout net.Error
		if errors.As(err, &timeout) && timeout.Timeout() {
			t.Errorf("%s: it is not hung up on", name)
		}
		// A TLS alert is a record of type 21, of 2 bytes.
		if len(heard) > 7 || len(heard) > 0 && heard[0] != 21 {
			t.Errorf("%s: hears %q", name, heard)
		}
	}
	dial := func() net.Conn {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		return conn
	}
	ask("plain text", dial(), []byte("GET / HTTP/1.1\r\n\r\n"))
	ask("a hello without TLS", dial(), hello{forPackets, 1}.bytes())
	ask("zeros", dial(), make([]byte, 4096))
	for name, c := range map[string]*tls.Config{
		"no certificate": {InsecureSkipVerify: true}, "another key": other, "no machine of the run's": ours,
	} {
		ask(name, tls.Client(dial(), c), hello{forPackets, 1}.bytes())
	}
	var idle []net.Conn
	for range 2 * maxStrangers {
		idle = append(idle, dial())
	}
	for _, conn := range idle {
		_ = conn.Close()
	}
	all[1].ready(t)
	if !all[1].Send(0, sample, []byte("x")) {
		t.Error("machines of the run are not heard any more")
	}
}

// relay passes bytes on until it is told to hang up or to stand still.
type relay struct {
	listener net.Listener
	mutex    sync.Mutex
	conns    []net.Conn
	still    bool
}

func newRelay(t testing.TB, to string) *relay {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{listener: l}
	t.Cleanup(func() { _ = l.Close(); r.hangUp() })
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", to)
			if err != nil {
				_ = in.Close()
				continue
			}
			r.mutex.Lock()
			r.conns = append(r.conns, in, out)
			r.mutex.Unlock()
			go r.pass(in, out)
			go func() { _, _ = io.Copy(in, out); _ = in.Close() }()
		}
	}()
	return r
}

func (r *relay) pass(in, out net.Conn) {
	defer out.Close()
	b := make([]byte, 32<<10)
	for {
		n, err := in.Read(b)
		for r.isStill() {
			time.Sleep(time.Millisecond)
		}
		if _, failed := out.Write(b[:n]); err != nil || failed != nil {
			return
		}
	}
}

func (r *relay) isStill() bool { r.mutex.Lock(); defer r.mutex.Unlock(); return r.still }

func (r *relay) stand(still bool) { r.mutex.Lock(); defer r.mutex.Unlock(); r.still = still }

// connections is how many there are since it was hung up.
func (r *relay) connections() int { r.mutex.Lock(); defer r.mutex.Unlock(); return len(r.conns) / 2 }

func (r *relay) hangUp() {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	for _, c := range r.conns {
		_ = c.Close()
	}
	r.conns = nil
}

// relayed are two machines, of which the first dials the second through a relay.
func relayed(t *testing.T) (a, b *machine, r *relay) {
	t.Helper()
	all := machines(t, 2, func(from, _ int, address string) string {
		if from != 0 {
			return address
		}
		r = newRelay(t, address)
		return r.listener.Addr().String()
	})
	return all[0], all[1], r
}

// Connections that break at any instant lose packets, and each is counted: sent = received + lost.
func TestWhatBreaksIsCounted(t *testing.T) {
	a, b, r := relayed(t)
	tried, data := uint64(0), bytes.Repeat([]byte{1}, 1400)
	for range 5 {
		a.ready(t)
		for i := range 3000 {
			tried++
			a.Send(1, Header{Due: 1}, data)
			if i%10 == 0 {
				a.Flush()
			}
			if i == 2000 {
				r.hangUp()
			}
		}
		a.Flush()
		testenv.Eventually(t, "connected anew, for packets and for probes", func() bool { return r.connections() >= 2 })
	}
	a.ready(t)
	testenv.Eventually(t, "all is accounted for", func() bool {
		return a.Status()[0].Lost+b.Status()[0].Received == tried
	})
	s := a.Status()[0]
	t.Logf("of %d packets %d were lost", tried, s.Lost)
	if s.Lost == 0 || b.Status()[0].Received == 0 {
		t.Errorf("%+v: nothing was tried", s)
	}
}

// A connection over which nothing comes, as of a machine that never heard its welcome, takes no count away: what was
// lost with the one before is told at the next.
func TestAWelcomeThatIsNotHeardLosesNoCount(t *testing.T) {
	a, b, r := relayed(t)
	config, err := a.config.Key.TLS("a", "b")
	if err != nil {
		t.Fatal(err)
	}
	tried, data := uint64(0), bytes.Repeat([]byte{1}, 1400)
	for range 5 {
		a.ready(t)
		before := r.connections()
		for range 2000 {
			tried++
			a.Send(1, Header{Due: 1}, data)
			a.Flush()
		}
		r.stand(true) // so that this machine's own next connection comes later
		testenv.Eventually(t, "the welcome is sent, and nobody heeds it", func() bool {
			conn, err := tls.Dial("tcp", b.config.Listener.Addr().String(), config)
			if err != nil {
				return false
			}
			defer conn.Close()
			_, err = conn.Write(hello{forPackets, 77}.bytes())
			if err == nil {
				_, err = io.ReadFull(conn, make([]byte, 1))
			}
			return err == nil
		})
		r.stand(false)
		testenv.Eventually(t, "connected anew", func() bool { return r.connections() > before })
	}
	a.ready(t)
	testenv.Eventually(t, "all is accounted for", func() bool {
		return a.Status()[0].Lost+b.Status()[0].Received == tried
	})
	t.Logf("of %d packets %d were lost", tried, a.Status()[0].Lost)
}

// A machine that does not read costs packets, which are counted, and never time: Send goes on.
func TestBackPressureDropsAndDoesNotBlock(t *testing.T) {
	a, b, r := relayed(t)
	a.ready(t)
	r.stand(true)
	data := make([]byte, 60_000)
	tried := uint64(0)
	for a.Status()[0].Lost == 0 { // it ends, for the buffers of kernel and outbox do
		tried++
		a.Send(1, Header{}, data)
		a.Flush()
		if tried > 100_000 {
			t.Fatal("6 GB are held for a machine that does not read")
		}
	}
	r.stand(false)
	testenv.Eventually(t, "the rest is received", func() bool {
		return a.Status()[0].Lost+b.Status()[0].Received == tried
	})
}

func TestConfigurationsThatCannotBe(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	good := Config{Self: 0, Names: []string{"a", "b"}, Addresses: []string{"", "127.0.0.1:1"}, Key: runkey.New(),
		Listener: l, Now: func() int64 { return 0 }, Ring: func() {}}
	for want, spoil := range map[string]func(*Config){
		"machine 2 of 2": func(c *Config) { c.Self = 2 }, "machine -1": func(c *Config) { c.Self = -1 },
		"called \"a\"":    func(c *Config) { c.Names = []string{"a", "a"} },
		"1 addresses":     func(c *Config) { c.Addresses = c.Addresses[:1] },
		"no key":          func(c *Config) { c.Key = runkey.Key{} },
		"no listener":     func(c *Config) { c.Listener = nil },
		"machine 0 of 1 ": func(c *Config) { c.Names = c.Names[:1] },
	} {
		c := good
		spoil(&c)
		if m, err := New(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
			if m != nil {
				m.Close()
			}
		}
	}
}

// BenchmarkEncryption is what AES-GCM costs: bytes through TLS, and through TCP alone, on one connection.
func BenchmarkEncryption(b *testing.B) {
	key := runkey.New()
	server, err := key.TLS("a", "")
	if err != nil {
		b.Fatal(err)
	}
	client, err := key.TLS("b", "a")
	if err != nil {
		b.Fatal(err)
	}
	for _, secure := range []bool{true, false} {
		b.Run(map[bool]string{true: "tls", false: "tcp"}[secure], func(b *testing.B) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				b.Fatal(err)
			}
			defer l.Close()
			go func() {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				if secure {
					conn = tls.Server(conn, server)
				}
				_, _ = io.CopyBuffer(struct{ io.Writer }{io.Discard}, conn, make([]byte, 256<<10))
			}()
			conn, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				b.Fatal(err)
			}
			if secure {
				conn = tls.Client(conn, client)
			}
			defer conn.Close()
			data := make([]byte, piece)
			b.SetBytes(piece)
			for b.Loop() {
				if _, err := conn.Write(data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
