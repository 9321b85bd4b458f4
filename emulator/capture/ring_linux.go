package capture

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// ring is a socket that shares memory with the kernel, which fills one block after the other (packet_mmap, TPACKET_V3).
type ring struct {
	fd     int
	memory []byte
	block  int       // the next one that the kernel hands over
	sent   bool      // only what is sent is wanted
	until  time.Time // packets from then on are not wanted; zero: all are
}

// openRing opens one for an interface of the calling thread's namespace.
func openRing(device string, blocks int, filter []bpf.RawInstruction) (_ *ring, err error) {
	// Protocol 0: nothing comes before filter and ring are there.
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("AF_PACKET: %w", err)
	}
	r := &ring{fd: fd}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.close())
		}
	}()
	ifr, err := unix.NewIfreq(device)
	if err != nil {
		return nil, err
	}
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFINDEX, ifr); err != nil {
		return nil, err
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_VERSION, unix.TPACKET_V3); err != nil {
		return nil, fmt.Errorf("TPACKET_V3: %w", err)
	}
	request := &unix.TpacketReq3{Block_size: blockBytes, Block_nr: uint32(blocks), Frame_size: 2048,
		Frame_nr: uint32(blocks * (blockBytes / 2048)), Retire_blk_tov: uint32(retireTime.Milliseconds())}
	if err := unix.SetsockoptTpacketReq3(fd, unix.SOL_PACKET, unix.PACKET_RX_RING, request); err != nil {
		return nil, fmt.Errorf("a ring of %d bytes: %w", blocks*blockBytes, err)
	}
	if r.memory, err = unix.Mmap(fd, 0, blocks*blockBytes, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED); err != nil {
		return nil, fmt.Errorf("a ring of %d bytes: %w", blocks*blockBytes, err)
	}
	if err := attach(fd, filter); err != nil {
		return nil, fmt.Errorf("filter: %w", err)
	}
	at := &unix.SockaddrLinklayer{Protocol: bigEndian(unix.ETH_P_ALL), Ifindex: int(ifr.Uint32())}
	if err := unix.Bind(fd, at); err != nil {
		return nil, err
	}
	return r, nil
}

func bigEndian(n uint16) uint16 { return n<<8 | n>>8 }

// attach makes the kernel apply a filter; nil: all pass.
func attach(fd int, filter []bpf.RawInstruction) error {
	if len(filter) == 0 {
		return nil
	}
	program := make([]unix.SockFilter, len(filter))
	for i, in := range filter {
		program[i] = unix.SockFilter{Code: in.Op, Jt: in.Jt, Jf: in.Jf, K: in.K}
	}
	return unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER,
		&unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]})
}

// drain gives all packets of the blocks that the kernel has handed over.
func (r *ring) drain(take func(Packet) error) error {
	for {
		block := r.memory[r.block*blockBytes : (r.block+1)*blockBytes]
		status := (*uint32)(unsafe.Pointer(&block[blockHeaderAt]))
		if atomic.LoadUint32(status)&unix.TP_STATUS_USER == 0 {
			return nil
		}
		if err := r.packets(block, take); err != nil {
			return err
		}
		atomic.StoreUint32(status, unix.TP_STATUS_KERNEL)
		r.block = (r.block + 1) % (len(r.memory) / blockBytes)
	}
}

// Offsets of what follows a block's version and private part, and a packet's header (linux/if_packet.h).
const (
	blockHeaderAt = 8
	linkAt        = unix.SizeofTpacket3Hdr // of a packet's struct sockaddr_ll
	packetTypeAt  = linkAt + 10
)

func (r *ring) packets(block []byte, take func(Packet) error) error {
	head := (*unix.TpacketHdrV1)(unsafe.Pointer(&block[blockHeaderAt]))
	at := head.Offset_to_first_pkt
	for range head.Num_pkts {
		if int(at)+packetTypeAt >= len(block) {
			return errors.New("the kernel's ring of packets cannot be read")
		}
		p := (*unix.Tpacket3Hdr)(unsafe.Pointer(&block[at]))
		from := int(at) + int(p.Mac)
		to := from + int(p.Snaplen)
		if to > len(block) {
			return errors.New("the kernel's ring of packets cannot be read")
		}
		packet := Packet{At: time.Unix(int64(p.Sec), int64(p.Nsec)), Direction: Inbound, Data: block[from:to],
			Length: int(p.Len)}
		if block[int(at)+packetTypeAt] == unix.PACKET_OUTGOING {
			packet.Direction = Outbound
		}
		wanted := (r.until.IsZero() || packet.At.Before(r.until)) && (!r.sent || packet.Direction == Outbound)
		if wanted {
			if err := take(packet); err != nil {
				return err
			}
		}
		at += p.Next_offset
	}
	return nil
}

// count adds the packets for which the ring had no room since the last call.
func (r *ring) count(lost *uint64) error {
	s, err := unix.GetsockoptTpacketStatsV3(r.fd, unix.SOL_PACKET, unix.PACKET_STATISTICS)
	if err == nil {
		*lost += uint64(s.Drops)
	}
	return err
}

func (r *ring) close() error {
	var err error
	if r.memory != nil {
		err = unix.Munmap(r.memory)
	}
	return errors.Join(err, unix.Close(r.fd))
}
