package httpapi

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
)

// mostDiscarded is how much of a body that is refused is read.
const mostDiscarded = 8 << 20

// readBody reads the whole body, decompressed, within the byte limit. Of one that is
// refused, the rest is read, too, up to a point: many clients send all of a request
// before they read an answer, and would find the connection closed.
func (a *API) readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	body, err := a.readWithinLimit(w, r)
	p, _ := errors.AsType[*problemError](err)
	waits := r.Header.Get("Expect") != "" // to be told to send
	refused := p != nil && (p.kind == bodyTooLarge || p.kind == queueFull)
	if refused && !waits && r.ContentLength <= mostDiscarded {
		_, _ = io.CopyN(io.Discard, r.Body, mostDiscarded) // however far it comes
	}
	return body, err
}

func (a *API) readWithinLimit(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	limit := a.config.MaxBodyBytes
	if r.ContentLength > limit {
		p := newProblem(bodyTooLarge, "the body is over the limit").limits(limit, r.ContentLength)
		p.closeConn = true
		return nil, p
	}
	source, err := decompressed(r.Header.Get("Content-Encoding"), http.MaxBytesReader(w, r.Body, limit))
	if err != nil {
		return nil, bodyError(err)
	}
	arriving := &arrival{source: io.LimitReader(source, limit+1), api: a}
	defer arriving.end()
	var body bytes.Buffer
	body.Grow(int(min(max(0, r.ContentLength), slotBytes))) // not on the word of a client who may never send it
	read, err := body.ReadFrom(arriving)
	if err != nil {
		return nil, bodyError(err)
	}
	if read > limit {
		p := newProblem(bodyTooLarge, "the body decompresses to more than the limit; reading stopped there").limits(limit, read)
		p.closeConn = true
		return nil, p
	}
	observationOf(r).bytesIn = read
	return body.Bytes(), nil
}

// arrivingBodies is how many of the longest bodies may arrive at a time.
const arrivingBodies = 32

// arrival is a body that is being read. What comes after its first slotBytes takes
// room among all bodies that are: they have no slots yet, so that clients who send
// slowly keep nobody else from being answered, and there may be as many as
// connections.
type arrival struct {
	source      io.Reader
	api         *API
	read, taken int64
}

// Read implements io.Reader.
func (b *arrival) Read(p []byte) (int, error) {
	n, err := b.source.Read(p)
	b.read += int64(n)
	if more := b.read - slotBytes - b.taken; more > 0 {
		if !b.api.arriving.TryAcquire(more) {
			p := newProblem(queueFull, "too many long bodies are arriving")
			p.retryAfter, p.closeConn = soon(), true
			return n, p
		}
		b.taken += more
	}
	return n, err
}

// end gives the room back.
func (b *arrival) end() { b.api.arriving.Release(b.taken) }

// decompressed undoes a content encoding.
func decompressed(encoding string, body io.Reader) (io.Reader, error) {
	switch encoding = strings.ToLower(strings.TrimSpace(encoding)); encoding {
	case "", "identity":
		return body, nil
	case "gzip", "x-gzip":
		return gzip.NewReader(body)
	default:
		return nil, newProblem(unsupportedMedia, "Content-Encoding %q is not supported; gzip is", clip(encoding))
	}
}

// bodyError says why a body could not be read: it was too large or too slow,
// or (otherwise) damaged on its way, its compression or its chunks.
func bodyError(err error) *problemError {
	if p, ok := errors.AsType[*problemError](err); ok {
		return p
	}
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return newProblem(bodyTooLarge, "the body is over the limit; reading stopped there").limits(tooLarge.Limit, tooLarge.Limit+1)
	}
	p := newProblem(unreadableBody, "the body is damaged or cut short: %v", err)
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		p = newProblem(bodyTimeout, "the body did not arrive in time")
	}
	p.closeConn = true
	return p
}
