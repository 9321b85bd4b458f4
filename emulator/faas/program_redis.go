package faas

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/gomodule/redigo/redis"
)

// redisPutAll is redisPut of several states: all are written or none. Each has four arguments, after the writer's number:
// the expected version, the next, the checksum and the content.
var redisPutAll = redis.NewScript(-1, `local made = false
for i, key in ipairs(KEYS) do
  local h = redis.call('HMGET', key, 'v', 'w')
  if not h[1] then return -1 end
  if string.find(h[2], ARGV[1], 1, true) then made = true
  elseif h[1] ~= ARGV[4 * i - 2] then return 0 end
end
if made then return 1 end
for i, key in ipairs(KEYS) do
  local w = redis.call('HGET', key, 'w')
  redis.call('HSET', key, 'v', ARGV[4 * i - 1], 's', ARGV[4 * i], 'w', string.sub(ARGV[1] .. w, 1, 256),
    'c', ARGV[4 * i + 1])
end
return 1`)

// putAll writes all states in one round trip, which the first write's span has.
func (s redisStates) putAll(ctx context.Context, _ string, all []written) ([]span, error) {
	args := []any{len(all)}
	for _, one := range all {
		args = append(args, one.key)
	}
	args = append(args, writerID())
	for _, one := range all {
		args = append(args, one.expected, one.next.version, strconv.FormatUint(uint64(one.next.sum), 16),
			one.next.content.data)
	}
	spans := make([]span, len(all))
	spans[0].start = s.clock.now()
	err := s.do(ctx, 0, func(c redis.Conn) error {
		made, err := redis.Int(redisPutAll.Do(c, args...))
		switch {
		case err != nil:
			return err
		case made < 0:
			return fmt.Errorf("one of %d states: %w", len(all), errMissing)
		case made == 0:
			return fmt.Errorf("one of %d states has another version than the one that was read: %w", len(all), errConflict)
		}
		return nil
	})
	if errors.Is(err, errConflict) {
		s.counts.conflicts.Add(1)
	}
	spans[0].end = s.clock.now()
	for i := 1; i < len(spans); i++ {
		spans[i] = span{start: spans[0].end, end: spans[0].end}
	}
	return spans, at(dialled(s.address), err)
}
