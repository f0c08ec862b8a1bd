//! One turn as a pure function: a state and an event in, the next step out.
