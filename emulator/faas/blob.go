package faas

import (
	"math/bits"
	"sync"
	"sync/atomic"

	"testbed/emulator/plan"
)

// maxBody bounds what one message may carry, against requests that would only exhaust memory.
const maxBody = plan.MaxMessage

// blob is a buffer that several readers may hold at once; nobody changes one that is held twice. It goes
// back to its pool when the last holder lets go of it.
type blob struct {
	data    []byte
	refs    atomic.Int32
	home    *sync.Pool
	budget  *budget // that charged is returned to; nil: none
	charged int64

	by accepted // of a state with replicas: what it was read as
}

// pools keeps buffers by size: four classes an octave, so that at most a quarter is wasted. Buffers in use
// count against a budget, where there is one.
type pools struct {
	classes [4 * 32]sync.Pool
	budget  *budget
}

// get returns a buffer of n bytes, of any content, held once. It counts against no budget: it is for what
// is small, or held already.
func (p *pools) get(n int64) *blob {
	if b := p.kept(n); b != nil {
		return b
	}
	size, class := sizeClass(n)
	b := &blob{data: make([]byte, size)[:n], home: &p.classes[class]}
	b.refs.Store(1)
	return b
}

// kept is get where a buffer of the size is there already; nil: none is.
func (p *pools) kept(n int64) *blob {
	_, class := sizeClass(n)
	b, _ := p.classes[class].Get().(*blob)
	if b != nil {
		b.data, b.by = b.data[:n], accepted{}
		b.refs.Store(1)
	}
	return b
}

// sizeClass rounds n up to the next multiple of a quarter of its power of two.
func sizeClass(n int64) (size int64, class int) {
	if n <= 256 {
		return 256, 0
	}
	top := bits.Len64(uint64(n-1)) - 1 // n-1 is in [2^top, 2^(top+1))
	quarter := int64(1) << (top - 2)
	steps := (n - 1 - int64(1)<<top) / quarter // 0..3
	return int64(1)<<top + (steps+1)*quarter, min(4*(top-8)+int(steps)+1, 127)
}

// size is the number of bytes; 0 of nil.
func (b *blob) size() int64 {
	if b == nil {
		return 0
	}
	return int64(len(b.data))
}

func (b *blob) retain() *blob {
	b.refs.Add(1)
	return b
}

func (b *blob) release() {
	if b == nil || b.refs.Add(-1) != 0 {
		return
	}
	budget, charged := b.budget, b.charged
	b.budget, b.charged = nil, 0
	b.home.Put(b)
	budget.giveBack(charged)
}
