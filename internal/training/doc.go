// Package training pre-trains and fine-tunes the networks of package bert. It
// prints nothing: a run is a sequence of reports, and the command decides what
// to show, draw and save.
//
// What a run is and how it goes:
//
//	run.go       Pretraining and Finetuning: all that a run's file may say
//	settings.go  what both kinds of run may set
//	run_read.go  how the file is read
//	pretrain.go  Pretrain: masked language model and next sentence prediction
//	finetune.go  Finetune: several heads at once on one encoder
//	loop.go      the loop that both share: step, report, evaluate, checkpoint
//	trainer.go   how each of these is done, and what a checkpoint keeps
//	resume.go    how a run goes on from one
//	best.go      which weights are kept
//	pass.go      what is computed at a time: labels, losses, gradients
//	report.go    what a run tells
//
// Where its samples come from:
//
//	examples.go  pairs and masks, as the paper makes them
//	stream.go    the examples of a corpus of any size
//	setconfig.go what a run's file says of a labelled set
//	sets.go      such sets made ready for a head
//	labels.go    what their labels are to the head
//	tagged.go    tagged sentences as tokens
//	sampler.go   the order of the rows
//	datasum.go   whether they are still the same when a run goes on
//	corpus.go    running text      corpus_files.go  what its paths stand for
//	conll.go     tagged words
//	records.go   JSON Lines        tables.go   CSV, TSV
//	lines.go     lines, and those that are no good
//
// What moves the parameters, and what measures them:
//
//	adamw.go     the optimizer     schedule.go  the learning rate
//	state.go     checkpoints that a run goes on from
//	metrics.go   accuracy, F1, correlations, bootstrap
//	entities.go  entity F1         answers.go   what a head's answers are worth
//	evaluate.go  a model while it learns
//	measure.go   a model that is done, with intervals
//
// All chance follows from a seed and a position, never from the state of a
// generator that runs along: that is why a run that is interrupted anywhere
// goes on bit for bit.
package training
