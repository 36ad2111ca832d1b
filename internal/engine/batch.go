package engine

import "slices"

// turnTokens is how much of a batch one request takes before it is the next
// one's turn: enough for several short texts, so that a request of many short
// ones is not slower than one of few long ones. At least one sequence.
const turnTokens = 128

// form takes the next batch from a lane: requests in turn, each giving
// sequences of up to turnTokens and going back to the end of the lane with
// what it has left. So a request of thousands of texts is spread over many
// passes, and one that comes later waits for a turn of each request before
// it, not for all that they hold. Engine.mu is held.
func (e *Engine) form(l *lane) {
	l.items = l.items[:0]
	total := 0
	for front := l.waiting.Front(); front != nil; front = l.waiting.Front() {
		c := front.Value.(*call)
		for turn := 0; c.next < len(c.request.Sequences); c.next++ {
			s := c.request.Sequences[c.next]
			if turn > 0 && turn+s.Len() > turnTokens {
				break
			}
			if len(l.items) > 0 && total+s.Len() > l.budget {
				if turn > 0 {
					l.waiting.MoveToBack(front) // else it begins the next pass
				}
				return
			}
			l.items = append(l.items, item{c, c.next})
			total += s.Len()
			turn += s.Len()
			e.dequeued(c, s.Len())
		}
		if c.next == len(c.request.Sequences) {
			e.unqueue(c)
		} else {
			l.waiting.MoveToBack(front)
		}
	}
}

// nextLane is the lane to serve next, nil if nothing waits: the lanes with
// something to do have a pass each in turn. Engine.mu is held.
func (e *Engine) nextLane() *lane {
	for i, l := range e.rotation {
		if l.waiting.Len() > 0 {
			copy(e.rotation[i:], e.rotation[i+1:])
			e.rotation[len(e.rotation)-1] = l
			return l
		}
	}
	return nil
}

// serveNext makes a lane the next one; the others keep their order. Engine.mu is held.
func (e *Engine) serveNext(l *lane) {
	i := slices.Index(e.rotation, l)
	copy(e.rotation[1:], e.rotation[:i])
	e.rotation[0] = l
}
