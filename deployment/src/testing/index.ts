// What tests of other rooms take from this one.
export {};
