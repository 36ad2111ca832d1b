package httpapi

import "cloze/internal/tasks"

// What a part of an answer takes in memory on its way: in the results, in the
// JSON of each value, in that of the whole, and in the buffer to be sent.
const (
	jsonNumberCost  = 48 // 4, and 13 digits and a comma three times, with room to grow
	bytesNumberCost = 8
	textCost        = 4
)

// maxJSONNumbers bounds an answer in JSON, where a number takes a dozen bytes:
// this is some 50 MB.
const maxJSONNumbers = 1 << 22

// room is what the answer of one request takes of the memory for all answers
// (Config.MaxAnswerBytes). Slots in flight cannot bound it: attention maps and
// vectors of tokens are ten thousand times as large as their texts, and are
// held until a slow client has read them.
type room struct {
	api   *API
	cost  int64 // bytes for a number
	taken int64
}

func (a *API) newRoom(inBytes bool) *room {
	if inBytes {
		return &room{api: a, cost: bytesNumberCost}
	}
	return &room{api: a, cost: jsonNumberCost}
}

// take is the function of tasks.WithRoom. An answer that needs more than all
// the room there is gets it if nobody else has some of it.
func (m *room) take(size tasks.AnswerSize) error {
	if m.cost == jsonNumberCost && size.Numbers > maxJSONNumbers {
		return newProblem(tooLarge, "the answer would hold %d numbers in JSON: send fewer texts, or ask for less; /attention gives more as application/octet-stream", size.Numbers).
			limits(maxJSONNumbers, int64(size.Numbers))
	}
	all := m.api.config.MaxAnswerBytes
	bytes := min(int64(size.Numbers)*m.cost+int64(size.Text)*textCost, all-m.taken)
	if !m.api.answers.TryAcquire(bytes) {
		p := newProblem(queueFull, "the answers under way leave no memory for this one")
		p.retryAfter = soon()
		return p
	}
	m.taken += bytes
	return nil
}

// leave gives back what was taken. Leaving twice is leaving once.
func (m *room) leave() {
	m.api.answers.Release(m.taken)
	m.taken = 0
}
