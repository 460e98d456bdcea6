mod parts;
mod rules;
mod shapes;
