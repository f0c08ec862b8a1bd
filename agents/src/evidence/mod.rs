//! Passages in, an answer with citations out: choosing sentences, judging support, knowing when not to answer.
