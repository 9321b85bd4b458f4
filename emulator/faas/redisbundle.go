package faas

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/gomodule/redigo/redis"
)

// redisPutAll writes several states as redisPut does one: all of them, or none. Its keys are theirs; its arguments a
// write's number, and of each state the version expected, the next, the checksum and the content.
var redisPutAll = redis.NewScript(-1, `local known = {}
for i, key in ipairs(KEYS) do
  local h = redis.call('HMGET', key, 'v', 'w')
  if not h[1] then return -i end
  if string.find(h[2], ARGV[1], 1, true) then return 1 end
  if h[1] ~= ARGV[4 * i - 2] then return 0 end
  known[i] = string.sub(ARGV[1] .. h[2], 1, 256)
end
for i, key in ipairs(KEYS) do
  redis.call('HSET', key, 'v', ARGV[4 * i - 1], 's', ARGV[4 * i], 'w', known[i], 'c', ARGV[4 * i + 1])
end
return 1`)

// putAll implements bundler: the first of the spans is that of the one message.
func (s redisStates) putAll(ctx context.Context, _ string, all []written) ([]span, error) {
	args := make([]any, 0, 2+5*len(all))
	args = append(args, len(all))
	for _, one := range all {
		args = append(args, one.key)
	}
	args = append(args, writerID())
	for _, one := range all {
		sum := strconv.FormatUint(uint64(one.next.sum), 16)
		args = append(args, one.expected, one.next.version, sum, one.next.content.data)
	}
	spans := make([]span, len(all))
	start := s.clock.moment()
	err := s.do(ctx, 0, func(c redis.Conn) error {
		made, err := redis.Int(redisPutAll.Do(c, args...))
		switch {
		case err != nil:
			return err
		case made < 0 && -made <= len(all):
			return fmt.Errorf("state %s: %w", all[-made-1].key, errMissing)
		case made <= 0:
			return fmt.Errorf("one of %d states has another version than was read: %w", len(all), errConflict)
		}
		return nil
	})
	if errors.Is(err, errConflict) {
		s.counts.conflicts.Add(1)
	}
	end := s.clock.moment()
	for i := range spans {
		spans[i] = span{start: start, end: end}
		start = end
	}
	return spans, at(dialled(s.address), err)
}
