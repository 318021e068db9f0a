"""Other people's workbooks in, marked copies and exports out.

workbook    Cell, Range, Sheet, Workbook, Mark(sheet, row, column, message); cell_text(value) -> str;
            address(row, column) -> "C7"; column_letters(column), column_index(letters);
            has_lost_digits(value) -> bool: an id that Excel has already rounded
sniff       sniff(path) -> Format: what the content is, whatever the file is called
hostile     check_zip(stream, path): refuses what would harm the reader
read        read_workbook(path) -> Workbook
header      find_header(sheet, vocabulary, *, required, max_scan=30) -> Header | None;
            normalise_header(text), bare_header(text)
export      Column(name, width=None, kind="text"), Table(name, title, note, columns, rows);
            write_table(path, tables, *, landscape=True), write_csv(path, table, *, is_for_people=True)
mark        write_marked_copy(source, target, *, marks, summary, header_rows={}) -> "copy" | "extract"

Rows are counted from 1 as people see them, columns from 0 as lists do. This folder alone opens Excel libraries.
"""
