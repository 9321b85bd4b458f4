package capture

import (
	"encoding/binary"
	"net/netip"
	"strings"
	"testing"

	"golang.org/x/net/bpf"
)

// packet4 is a frame of IPv4, packet6 one of IPv6, with ports.
func packet4(protocol byte, from, to string, source, dest uint16) []byte {
	b := make([]byte, 60)
	binary.BigEndian.PutUint16(b[12:], 0x0800)
	b[14], b[23] = 0x46, protocol // with four bytes of options
	a, z := netip.MustParseAddr(from).As4(), netip.MustParseAddr(to).As4()
	copy(b[26:], a[:])
	copy(b[30:], z[:])
	binary.BigEndian.PutUint16(b[38:], source)
	binary.BigEndian.PutUint16(b[40:], dest)
	return b
}

func packet6(protocol byte, from, to string, source, dest uint16) []byte {
	b := make([]byte, 80)
	binary.BigEndian.PutUint16(b[12:], 0x86dd)
	b[14], b[20] = 0x60, protocol
	a, z := netip.MustParseAddr(from).As16(), netip.MustParseAddr(to).As16()
	copy(b[22:], a[:])
	copy(b[38:], z[:])
	binary.BigEndian.PutUint16(b[54:], source)
	binary.BigEndian.PutUint16(b[56:], dest)
	return b
}

func fragment(b []byte) []byte { b[21] = 5; return b }

func TestFilters(t *testing.T) {
	tcp4, udp6 := packet4(6, "10.0.0.1", "10.0.1.2", 40000, 80), packet6(17, "fd00::1", "fd00:0:0:1::2", 53, 9000)
	icmp4, icmp6 := packet4(1, "10.0.0.1", "10.0.0.9", 0, 0), packet6(58, "fd00::1", "fd00::2", 0, 0)
	arp, all := make([]byte, 42), packet4(17, "10.0.0.1", "255.255.255.255", 1, 2)
	binary.BigEndian.PutUint16(arp[12:], 0x0806)
	for i := range 6 {
		arp[i], all[i] = 0xff, 0xff
	}
	frames := map[string][]byte{"tcp4": tcp4, "udp6": udp6, "icmp4": icmp4, "icmp6": icmp6, "arp": arp, "all": all,
		"part": fragment(packet4(6, "10.0.0.1", "10.0.1.2", 40000, 80))}
	names := func(n string) []netip.Addr {
		if n == "cloud" {
			return []netip.Addr{netip.MustParseAddr("10.0.1.2"), netip.MustParseAddr("fd00:0:0:1::2")}
		}
		return nil
	}
	for text, want := range map[string]string{
		"":      "tcp4 udp6 icmp4 icmp6 arp all part",
		"ip":    "tcp4 icmp4 all part",
		"ip6":   "udp6 icmp6",
		"arp":   "arp",
		"tcp":   "tcp4 part",
		"udp":   "udp6 all",
		"icmp":  "icmp4",
		"icmp6": "icmp6",

		"broadcast":                   "arp all",
		"multicast":                   "arp all",
		"port 80":                     "tcp4",
		"src port 80":                 "",
		"dst port 80":                 "tcp4",
		"tcp port 80":                 "tcp4",
		"udp port 80":                 "",
		"udp src port 53":             "udp6",
		"tcp dst port 80":             "tcp4",
		"portrange 50-60":             "udp6",
		"dst portrange 8999-9001":     "udp6",
		"dst portrange 9001-9002":     "",
		"host 10.0.0.1":               "tcp4 icmp4 all part",
		"dst host 10.0.1.2":           "tcp4 part",
		"src host 10.0.1.2":           "",
		"host cloud":                  "tcp4 udp6 part",
		"host fd00::1":                "udp6 icmp6",
		"net 10.0.1.0/24":             "tcp4 part",
		"net 10.0.1.77/24":            "tcp4 part",
		"net fd00:0:0:1::/64":         "udp6",
		"net fd00::/16":               "udp6 icmp6",
		"net 0.0.0.0/0":               "tcp4 icmp4 all part",
		"net ::/0":                    "udp6 icmp6",
		"proto 1":                     "icmp4",
		"proto tcp":                   "tcp4 part",
		"ip proto udp":                "all",
		"ip6 proto 17":                "udp6",
		"less 50":                     "arp",
		"greater 80":                  "udp6 icmp6",
		"not ip":                      "udp6 icmp6 arp",
		"! (ip or ip6)":               "arp",
		"tcp and port 80 or arp":      "tcp4 arp",
		"arp or tcp and port 80":      "tcp4", // one precedence, from left to right, as tcpdump has it
		"arp or (tcp and port 80)":    "tcp4 arp",
		"not tcp && not udp":          "icmp4 icmp6 arp",
		"icmp||icmp6":                 "icmp4 icmp6",
		"not not arp":                 "arp",
		"not (tcp and not port 80)":   "tcp4 udp6 icmp4 icmp6 arp all",
		"net 10.0.0.0/16 and not udp": "tcp4 icmp4 part",
	} {
		f, err := NewFilter(text, names)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if f.String() != text {
			t.Errorf("%q is called %q", text, f)
		}
		for name, frame := range frames {
			if got, want := accepts(t, f, frame), strings.Contains(" "+want+" ", " "+name+" "); got != want {
				t.Errorf("%q: %s %v, want %v", text, name, got, want)
			}
		}
	}
}

// accepts runs the filter as the fabric does, from its raw form.
func accepts(t testing.TB, f *Filter, frame []byte) bool {
	t.Helper()
	if f == nil {
		return true
	}
	program, known := bpf.Disassemble(f.Raw())
	vm, err := bpf.NewVM(program)
	if err != nil || !known {
		t.Fatalf("%q: %v", f, err)
	}
	n, err := vm.Run(frame)
	if err != nil {
		t.Fatal(err)
	}
	return n > 0
}

func TestFiltersThatAreNone(t *testing.T) {
	for text, want := range map[string]string{
		"tcp and":                           "something is missing",
		"(tcp":                              "has no )",
		"tcp)":                              `")" is not expected`,
		"host nobody":                       "neither an address nor a node",
		"port 99999":                        "not a number",
		"port http":                         "not a number",
		"portrange 9-1":                     "8000-8010",
		"net 10.0.0.0":                      "10.0.0.0/24",
		"vlan 3":                            "known are ip, ip6",
		"tcp src host 10.0.0.1":             "is not expected",
		strings.Repeat("not ", 200) + "tcp": "deep",
		strings.Repeat("net fd00:1:2:3:4:5:6:7/128 or ", 300) + "tcp": "at most 4096",
	} {
		if _, err := NewFilter(text, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v, want %q", text, err, want)
		}
	}
}

// FuzzFilter: whatever the expression, it is refused or gives a program that ends.
func FuzzFilter(f *testing.F) {
	for _, text := range []string{
		"tcp port 80 and not host 10.0.0.1", "(ip6 or arp) && less 100", "net fd00::/8 or proto 89",
	} {
		f.Add(text, []byte("0123456789abcdef0123456789abcdef0123456789abcdef"))
	}
	f.Fuzz(func(t *testing.T, text string, frame []byte) {
		x, err := NewFilter(text, nil)
		if err != nil {
			return
		}
		twice, err := NewFilter("not ("+text+")", nil)
		if err != nil || x == nil || len(frame) < 100 {
			return // what is cut may have neither
		}
		if accepts(t, x, frame) == accepts(t, twice, frame) {
			t.Errorf("%q accepts %x as its contrary does", text, frame)
		}
	})
}

func TestFiltersAllocateNothing(t *testing.T) {
	f, err := NewFilter("tcp port 80 and net 10.0.0.0/8", nil)
	if err != nil {
		t.Fatal(err)
	}
	program, _ := bpf.Disassemble(f.Raw())
	vm, err := bpf.NewVM(program)
	if err != nil {
		t.Fatal(err)
	}
	frame := packet4(6, "10.0.0.1", "10.0.1.2", 40000, 80)
	if n := testing.AllocsPerRun(100, func() { _, _ = vm.Run(frame) }); n > 0 {
		t.Errorf("%v allocations a packet", n)
	}
}
