package placement

import "math/bits"

// ranks is a set of 0 ... n-1 from which the k-th smallest element is taken in O(log n): a Fenwick tree
// of counts.
type ranks struct {
	count []int // count[i]: elements in the i's part of the tree, from 1
	top   int   // the largest power of two that is at most n
}

func newRanks(n int) *ranks {
	r := &ranks{count: make([]int, n+1)}
	for i := 1; i <= n; i++ {
		r.count[i] = i & -i
	}
	if n > 0 {
		r.top = 1 << (bits.Len(uint(n)) - 1)
	}
	return r
}

// take removes and returns the element that has k smaller ones left; k must be below their number.
func (r *ranks) take(k int) int {
	at := 0
	for step := r.top; step > 0; step /= 2 {
		if next := at + step; next < len(r.count) && r.count[next] <= k {
			at = next
			k -= r.count[next]
		}
	}
	for i := at + 1; i < len(r.count); i += i & -i {
		r.count[i]--
	}
	return at
}
