"""SIT 185, the plain-text alert, in both layouts: sixteen numbered lines, or six sections (since March 2022).

Read by labels, not by numbers, because centres differ in numbers, blanks, colons and dashes (RCC manual v5.1, chapter 6
and Annexes 4 and 11; digest of real messages).
"""

from __future__ import annotations

import re
from typing import Any

from vigie.sit import labels185 as labels
from vigie.sit import values as forms
from vigie.sit.envelope import is_title
from vigie.sit.sheet import Line, Reading


def has_shape(body: list[Line]) -> bool:
    """Whether a body holds a SIT 185: a title of the right words and something of what follows it."""
    title = next((i for i, line in enumerate(body) if is_title(line)), None)
    return title is not None and _words(body[title:]) >= (1 if body[title].plain.startswith("1") else 2)


def is_likely(lines: list[Line]) -> bool:
    """Whether text without an envelope and without a title still has the labels of a SIT 185."""
    return _words(lines) >= 3


def _words(lines: list[Line]) -> int:
    words = ("HEX ID", "DETECTED", "POSITIONS", "COUNTRY OF", "MSG NO", "BEACON MESSAGE INFORMATION", "END OF MESSAGE")
    text = "\n".join(line.plain for line in lines)
    return sum(word in text for word in words)


class _Reader:
    def __init__(self, body: list[Line], reading: Reading) -> None:
        self.body, self.reading, self.put = body, reading, reading.values
        self.section, self.sections = 0, {0: []}  # type: tuple[int, dict[int, list[str]]]
        self.half: tuple[str, float] | None = None
        """an encoded position whose longitude is expected on the next line"""
        self.next_pass = False
        """whether the lines are about next passes, where positions have the same labels"""

    def run(self) -> None:
        self.put |= {"form": "sit185", "positions": dict.fromkeys(labels.NAMES)}
        index = 0
        while index < len(self.body):
            line = self.body[index]
            index += 1
            if not line.plain:
                continue
            if "title" not in self.put and is_title(line):
                index = self._title(line, index)
                continue
            match = labels.NUMBERED.fullmatch(line.ascii)
            rest = Line(line.number, match[2] if match else line.text)
            if match and self.section < int(match[1]) <= labels.LEGACY_SECTIONS and "title" in self.put:
                self.section = int(match[1])
            elif match:
                rest = line
            again = labels.RUN_TOGETHER.search(rest.plain)
            pieces = [rest.ascii] if not again else [rest.ascii[: again.start()], rest.ascii[again.end() :]]
            for place, piece in enumerate(pieces):
                if again and place and int(again[1]) > self.section:
                    self.section = int(again[1])
                    self.reading.note(line, f"item {again[1]} begins in the middle of the line")
                self._line(Line(line.number, piece))
        self._finish()

    def _title(self, line: Line, index: int) -> int:
        text = re.sub(r"^1\s*[.)]?\s*", "", line.plain)
        following = self.body[index].plain if index < len(self.body) else ""
        if not text.endswith("ALERT") and following.endswith("ALERT") and not labels.NUMBERED.fullmatch(following):
            text, index = f"{text} {following}", index + 1
        self.put["title"], self.section = text, 1
        return index

    def _line(self, line: Line) -> None:
        self.sections.setdefault(self.section, []).append(line.ascii)
        text = labels.LETTERED.sub("", line.plain, count=1) if labels.LETTERED.match(line.plain) else line.plain
        if labels.NEXT_PASS.match(text):
            self.next_pass = True
        elif self.next_pass and self.sections[self.section] == [line.ascii]:
            self.next_pass = False
        if not text:
            return
        if not (self._position(text, line) or self._labels(text, line) or self._sentence(text, line)):
            self._continue(text, line)

    def _position(self, text: str, line: Line) -> bool:
        if self.half and (lon := forms.longitude(text)) is not None:
            self.put["positions"][self.half[0]], self.half = {"lat": self.half[1], "lon": lon}, None
            return True
        match = labels.LABEL.fullmatch(text)
        if not match:
            return False
        name, rest = labels.POSITIONS[match[1]], match[2]
        if self.next_pass:
            self.put.setdefault("next_pass", {})[name] = None if rest in labels.EMPTY else rest
            return True
        found = forms.position(rest)
        if found:
            place = self._place(found, line)
            if self.put["positions"][name] is None:
                self.put["positions"][name] = place
            elif self.put["positions"][name] != place:
                self.reading.note(line, f"a second {name} position: the first is kept in its place")
                self.reading.leave(line)
            return True
        if (lat := forms.latitude(rest)) is not None:
            self.half = name, lat
        elif forms.looks_like_position(rest):
            self.reading.note(line, f"{rest!r} is no position in degrees and minutes within its range")
            self.reading.leave(line)
        elif rest == "(DEFAULT)":
            self.reading.note(line, f"the {name} position is the default: the beacon gives none")
        elif rest not in labels.EMPTY and self.put["positions"][name] is None:
            self.reading.leave(line)
        elif rest not in labels.EMPTY:
            self.put.setdefault("position_text", []).append(line.ascii)
        return True

    def _place(self, found: tuple[float, float, str, str], line: Line) -> dict[str, Any]:
        place: dict[str, Any] = {"lat": found[0], "lon": found[1]}
        rest = found[3]
        if match := labels.PROB.search(rest):
            place["prob"] = int(match[1])
            rest = rest.replace(match[0], " ")
        if match := labels.ERROR.search(rest):
            error = float(match[2]) / (1.852 if match[3] == "KM" else 1)
            place["ee_nm"] = int(error) if error == int(error) else round(error, 3)
            rest = rest.replace(match[0], " ")
            if match[1]:
                self.reading.note(line, "the estimated error is printed as 'over'")
        if rest.strip().startswith("UPDATE TIME"):
            self.put.setdefault("position_text", []).append(rest.strip())
        elif rest.strip(" -,."):
            self.reading.leave(line, rest)
        return place

    def _labels(self, text: str, line: Line) -> bool:
        """Labels that may share a line; True when one was found."""
        found = False
        if match := labels.NUMBER.match(text):
            if self.put.get("msg_no", match[1]) != match[1]:
                self.reading.note(line, f"message number {match[1]} is not the header's")
            self.put.setdefault("msg_no", match[1])
            found = True
        if match := labels.REF.search(text) if found or text.startswith("REF") else None:
            if match[1] and match[1] != "MCC":
                self.put["orig_mcc"] = match[1]
            identity, rest = forms.leading_hex_id(match[2])
            if identity and not rest.strip():
                self.put["ref"] = identity
            elif match[2].strip() not in labels.EMPTY:
                self.put["ref"] = line.printed(match[2].strip())
        for rule in (self._detected, self._frequency, self._country, self._identity, self._homing, self._lut):
            found = rule(text, line) or found
        for key, pattern in labels.SIMPLE:
            if match := pattern.match(text):
                value = re.split(r"\s{2,}(?:ID|HOMING)\b", match[1].strip())[0].strip()
                if value not in labels.EMPTY:
                    self.reading.put(
                        key, line.printed(match[1].strip() if key in {"user_class", "beacon_type"} else value), line
                    )
                found = True
        for pattern in (labels.SERIAL, labels.STANDARD):
            if match := pattern.search(text):
                self.put |= {"tac": int(match[1]), "serial": int(match[2])}
                found = True
        return found

    def _detected(self, text: str, line: Line) -> bool:
        match = labels.DETECTED.search(text)
        time = forms.dated(match[2]) if match else None
        if not match:
            return False
        if not time:
            self.reading.note(line, "the time of detection cannot be read")
            self.reading.leave(line)
            return True
        if match[1] is None and "detect_time" not in self.put:
            self.put |= {"detect_time": time[0], "detect_precision": time[1]}
            if by := labels.BY.search(match[2]):
                self.put["detected_by"] = line.printed(by[1].strip())
        elif match[1]:
            self.reading.put(f"{match[1].strip().lower()}_detect_time", time[0], line)
        elif time[0] != self.put["detect_time"]:
            self.reading.put("detect_time", time[0], line)
        return True

    def _frequency(self, text: str, line: Line) -> bool:
        match = labels.FREQUENCY.search(text)
        if not match:
            return False
        number = labels.MHZ.match(match[1])
        self.reading.put("detection_frequency_mhz", float(number[1]) if number else None, line)
        if not number:
            self.put["detection_frequency_note"] = match[1].strip()
        return True

    def _country(self, text: str, line: Line) -> bool:
        match = labels.COUNTRY.match(text)
        if not match:
            return False
        self.reading.put("country_code", match[1], line)
        if match[2].strip() not in labels.EMPTY:
            self.reading.put("country_name", line.printed(match[2].strip()), line)
        return True

    def _identity(self, text: str, line: Line) -> bool:
        if match := labels.HEX30.search(text):
            self.reading.put("beacon_message_30hex", match[1], line)
            return True
        match = labels.HEX.search(text)
        if not match:
            return False
        identity, _ = forms.leading_hex_id(match[1])
        if identity is None:
            self.reading.note(line, "the hex ID has neither 15 nor 23 digits")
            self.reading.leave(line)
        else:
            self.reading.put("beacon_id", identity, line)
        return True

    def _homing(self, text: str, line: Line) -> bool:
        match = labels.HOMING.search(text)
        if not match:
            return False
        self.reading.put("homing", line.printed(match[1].strip()), line)
        return True

    def _lut(self, text: str, line: Line) -> bool:
        match = labels.LUT.search(text)
        if match:
            whole = labels.LUT.fullmatch(text[match.start() :])
            name = whole[1] if whole else match[1]
            self.reading.put("lut", line.printed(re.split(r"\s{2,}", name)[0].strip()), line)
        points = labels.POINTS.search(text)
        if points:
            self.put["num_points"] = int(points[1])
        return bool(match or points)

    def _sentence(self, text: str, line: Line) -> bool:
        if "CANCELLATION" in text and "CONFIRMED" in text:
            self.put["cancellation_confirmed"] = not re.search(r"NOT CONFIRMED|UNCONFIRMED", text)
        elif "IMAGE POSITION" in text or "SUSPECT" in text or text.startswith(("WARNING", "CAUTION")):
            self.put.setdefault("warnings", []).append(line.ascii)
        elif text.startswith("UPDATE TIME"):
            self.put.setdefault("position_text", []).append(line.ascii)
        elif "UNCORROBORATED" in text:
            self.put["uncorroborated"] = True
        elif "NOT RELIABLE" in text or "UNRELIABLE" in text:
            self.put["beacon_message_reliable"] = False
            self.put.setdefault("warnings", []).append(line.ascii)
        elif match := labels.CMC_HEAD.fullmatch(text):
            time = forms.dated(match[1].replace("Z", "").strip())
            self.put |= {"message_time": time[0] if time else None, "from": match[2].strip()}
        elif labels.REGISTRATION.fullmatch(text) or ("registration" in self.put and labels.CONTACT.fullmatch(text)):
            self.put.setdefault("registration", []).append(line.ascii)
        elif match := re.fullmatch(r"FORMAT FILE\s*:\s*(\S+)", text):
            self.put["layout"] = f"CMC national {match[1]}"
        else:
            return any(pattern.fullmatch(text) for pattern in labels.KNOWN_PLAIN)
        return True

    def _continue(self, text: str, line: Line) -> None:
        """A line without a label: it belongs to what stands above it in its section, or is listed as not understood."""
        head = self.sections[self.section][0].upper()
        if self.section > 1 and head.startswith("USER CLASS"):
            self.put["user_class"] = f"{self.put.get('user_class', '')} {line.printed(text)}".strip()
        elif self.section > 1 and head.startswith("REMARKS"):
            self.put.setdefault("remarks", []).append(line.ascii)
        elif (match := labels.ITEM.fullmatch(text)) and match[2] and match[1] not in self.put.get("items", {}):
            self.put.setdefault("items", {})[match[1]] = line.printed(match[2])
        else:
            self.reading.leave(line)

    def _finish(self) -> None:
        put = self.put
        put["position_confirmed"] = put["positions"]["confirmed"] is not None
        if self.half:
            self.reading.note(None, f"the {self.half[0]} position has a latitude of {self.half[1]} but no longitude")
        if "beacon_id" not in put:
            identity = forms.hex_id(str(put.get("ref", "")))
            put["beacon_id"] = identity
            if identity:
                self.reading.note(None, "the beacon ID is taken from the reference")
        if put["beacon_id"]:
            put["beacon_id_mid"] = forms.country_of(put["beacon_id"])
        if "layout" not in put:
            put["layout"] = "legacy" if max(self.sections) > 6 else "reorganised"
        if put.get("sit") is None:
            put["sit"] = "185"
        if "title" not in put:
            self.reading.note(None, "no title of a SIT 185 was found")
        if "END OF MESSAGE" not in {line.plain for line in self.body}:
            self.reading.note(None, "no END OF MESSAGE")


def read(body: list[Line], reading: Reading) -> None:
    """Put what a SIT 185 says into the reading."""
    _Reader(body, reading).run()
