package tasks

import "context"

// AnswerSize is about how large the results of a call are going to be.
type AnswerSize struct {
	Numbers int // float32 values
	Text    int // bytes of everything else, as JSON
}

type roomKey struct{}

// WithRoom returns a context under which tasks whose results can be many times
// as large as their texts ask take for room before they make them. An error of
// take ends the call. A call may take room more than once.
func WithRoom(ctx context.Context, take func(AnswerSize) error) context.Context {
	return context.WithValue(ctx, roomKey{}, take)
}

// takeRoom asks for room, if the context has somebody to ask.
func takeRoom(ctx context.Context, size AnswerSize) error {
	if take, ok := ctx.Value(roomKey{}).(func(AnswerSize) error); ok {
		return take(size)
	}
	return nil
}

// pieceBytes is about what a Piece or an ExamplePiece takes in JSON.
const pieceBytes = 100
