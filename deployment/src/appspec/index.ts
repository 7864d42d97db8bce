// The rules of appspec.yml.
export {};
